"""The snippets of docs/connect.md, as a reader copies them."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "connect.md").read_text()


def snippet(start: str) -> str:
    """Return the one snippet that contains this."""
    [found] = [
        block for block in re.findall(r"```\w+\n(.*?)```", PAGE, re.DOTALL) if start in block
    ]
    return str(found)
