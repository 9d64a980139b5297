"""Scripts that tests write run from a checkout with a space in its path, too."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.shebang import shebang


@pytest.mark.parametrize("folder", ["plain", "with a space"])
def test_a_script_finds_its_python(tmp_path: Path, folder: str) -> None:
    python = tmp_path / folder / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    script = tmp_path / "script"
    script.write_text(f"{shebang(str(python))}\nimport sys\nprint(sys.argv[1:])\n")
    script.chmod(0o755)
    done = subprocess.run([script, "a b", "c"], capture_output=True, text=True, check=True)  # noqa: S603  our own
    assert done.stdout == "['a b', 'c']\n"
