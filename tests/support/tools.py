"""Programs that no Python package brings: found, or the test is skipped with a way to get them."""

import shutil

import pytest


def require_tool(*names: str, package: str) -> str:
    """Return the path of the first name on PATH; skip the test when none is there."""
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.skip(
        f"needs {names[0]}: run `make setup` as root on Debian, or `apt-get install {package}`"
    )
