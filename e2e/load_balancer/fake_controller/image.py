"""The stand-in's image, under the name that the controller's chart asks for."""

from pathlib import Path

from e2e.deploy.image.archive import Config
from e2e.deploy.image.python import python_image

_HERE = Path(__file__).parent
PACKAGE = "e2e/load_balancer/fake_controller"
MODULES = ("api.py", "rules.py", "server.py")


def build(target: Path, *, name: str) -> None:
    """Write the archive; takes seconds when the base is in the cache."""
    config = Config(
        # An entry point, because the chart gives flags and no command.
        entry_point=("python3", "-u", "-m", f"{PACKAGE.replace('/', '.')}.server"),
        user="65532:65532",
        working_directory="/controller",
    )
    files = {f"controller/{PACKAGE}/{module}": _HERE / module for module in MODULES}
    python_image(target, name=name, files=files, config=config)
