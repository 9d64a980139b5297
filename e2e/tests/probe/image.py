"""The probe's image: one file."""

from pathlib import Path

from e2e.deploy.image.archive import Config
from e2e.deploy.image.python import python_image

NAME = "registry.local/probe:1"
_SERVER = Path(__file__).with_name("server.py")


def build(target: Path) -> None:
    """Write the archive; takes seconds when the base is in the cache."""
    path = f"probe/{_SERVER.name}"
    config = Config(command=("python3", f"/{path}"), user="10001:10001")
    python_image(target, name=NAME, files={path: _SERVER}, config=config)
