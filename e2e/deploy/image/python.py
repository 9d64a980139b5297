"""Small images: the base that the backend's image has too, and a few files for its Python."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from e2e.deploy.image import base
from e2e.deploy.image.archive import Config, pack_layer, write_image
from e2e.programs.cache import cache_directory


def python_image(target: Path, *, name: str, files: Mapping[str, Path], config: Config) -> None:
    """Write the archive, with `files` by their path in the image; the base's packages alone."""
    cache = cache_directory() / "image"
    cache.mkdir(exist_ok=True)
    root = base.ensure(cache)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".python-") as scratch:
        content = Path(scratch) / "files"
        for path, source in files.items():
            (content / path).parent.mkdir(parents=True, exist_ok=True)
            (content / path).write_bytes(source.read_bytes())
        layers = [base.layer(root), pack_layer(content, Path(scratch) / "files.tar")]
        write_image(target, names=(name,), config=config, layers=layers)
