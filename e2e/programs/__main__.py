"""`python -m e2e.programs [MODULE ...]`: build and print what there is, with checksums."""

import sys
import time

from e2e.programs.build import CHECKSUMS, BuildError, ensure
from e2e.programs.catalogue import UnknownToolError, modules_of


def main(names: tuple[str, ...]) -> int:
    started = time.monotonic()
    try:
        toolbox = ensure(modules_of(names))
    except (BuildError, UnknownToolError) as error:
        print(error, file=sys.stderr)
        return 1
    for directory in toolbox.directories:
        print(directory)
        print("".join(f"  {line}\n" for line in (directory / CHECKSUMS).read_text().splitlines()))
    print(f"tools ready in {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:])))
