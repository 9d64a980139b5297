import os
import subprocess
import sys
from pathlib import Path

import pytest

_CHECKOUT = Path(__file__).resolve().parents[2]
_TEST = """
import pytest

def test_runs():
    pass

def test_needs_a_tool():
    pytest.skip("needs chromium")

@pytest.mark.skip(reason="chart not reachable")
def test_needs_a_chart():
    pass

@pytest.mark.xfail
def test_is_expected_to_fail():
    assert False
"""


def outcomes(directory: Path, text: str, *, ci: str) -> str:
    """Return pytest's last line for a module with this text."""
    module = directory / "test_module.py"
    module.write_text(text)
    done = subprocess.run(  # noqa: S603 - pytest itself
        [
            *(sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", directory),
            *("-p", "tests.support.skips", "-p", "no:cacheprovider", module),
        ],
        cwd=_CHECKOUT,
        env=os.environ | {"CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("ci", "expected"),
    [
        ("true", "1 failed, 1 passed, 1 skipped, 1 xfailed"),
        ("", "1 passed, 2 skipped, 1 xfailed"),
    ],
)
def test_a_skip_is_a_failure_in_ci_only(tmp_path: Path, ci: str, expected: str) -> None:
    assert outcomes(tmp_path, _TEST, ci=ci).startswith(expected)


def test_a_module_that_skips_itself_is_a_failure_in_ci(tmp_path: Path) -> None:
    text = "import pytest\npytest.skip('needs helm', allow_module_level=True)\n"
    assert "1 error" in outcomes(tmp_path, text, ci="true")
    assert "1 skipped" in outcomes(tmp_path, text, ci="")
