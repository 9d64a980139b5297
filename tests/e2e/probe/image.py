"""The probe's image: the base that the backend's image has too, and one file."""

import tempfile
from pathlib import Path

from tests.e2e.image import base
from tests.e2e.image.archive import Config, pack_layer, write_image
from tests.e2e.tools.cache import cache_directory

NAME = "registry.local/probe:1"
_SERVER = Path(__file__).with_name("server.py")


def build(target: Path) -> None:
    """Write the archive; takes seconds when the base is in the cache."""
    cache = cache_directory() / "image"
    cache.mkdir(exist_ok=True)
    root = base.ensure(cache)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".probe-") as scratch:
        files = Path(scratch) / "files"
        files.mkdir()
        (files / _SERVER.name).write_bytes(_SERVER.read_bytes())
        layers = [
            base.layer(root),
            pack_layer(files, Path(scratch) / "files.tar", prefix="probe"),
        ]
        config = Config(command=("python3", f"/probe/{_SERVER.name}"), user="10001:10001")
        write_image(target, names=(NAME,), config=config, layers=layers)
