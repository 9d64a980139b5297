"""What a run is doing, on standard error: standard output has the table alone."""

import sys


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
