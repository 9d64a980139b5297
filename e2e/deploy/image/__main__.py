"""`python -m e2e.deploy.image`: build the backend's image and say where it is."""

import sys
import time

from e2e.deploy.image.backend import build
from e2e.deploy.image.errors import ImageError


def main() -> int:
    started = time.monotonic()
    try:
        image = build()
    except ImageError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{image.name}\n{image.archive}")
    print(f"image ready in {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
