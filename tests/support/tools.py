"""Programs that no Python package brings: found, or the test is skipped with a way to get them."""

import os
import shutil

import pytest

# Go reads the kernel's clock without a C library: `make test-clock` cannot shift it for these.
_ON_THE_REAL_CLOCK = frozenset({"prometheus", "prometheus-alertmanager"})


def require_tool(*names: str, package: str) -> str:
    """Return the path of the first name on PATH; skip the test when none is there."""
    if names[0] in _ON_THE_REAL_CLOCK and "CLOCK_OFFSET_SECONDS" in os.environ:
        pytest.skip(f"{names[0]} does not see the shifted clock")
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.skip(
        f"needs {names[0]}: run `make setup` as root on Debian, or `apt-get install {package}`"
    )
