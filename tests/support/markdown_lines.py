"""`make check`: Markdown lines have at most 100 characters.

Tables, code blocks, and lines with a link or a long command in them cannot be wrapped.
"""

import re
import subprocess
import sys
from pathlib import Path

LIMIT = 100
_KEPT = re.compile(r"^\s*\||https?:|\]\(|`[^`]{60,}`")


def too_long(text: str) -> list[int]:
    """Return the numbers of the lines that should be wrapped."""
    found, is_code = [], False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif (
            len(line) > LIMIT
            and not is_code
            and not line.startswith("    ")
            and not _KEPT.search(line)
        ):
            found.append(number)
    return found


def main() -> int:
    listed = subprocess.run(["git", "ls-files", "*.md"], capture_output=True, text=True, check=True)  # noqa: S607
    lines = [
        f"{name}:{number}: longer than {LIMIT} characters: wrap it"
        for name in listed.stdout.splitlines()
        for number in too_long(Path(name).read_text())
    ]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
