"""The backend's image: Debian's Python, and above it what the scripts of backend/image lay out.

The Dockerfile runs the same scripts, and what a container starts with is read from it. What
differs is the base: there python:3.11-slim, here the same Debian release with its own python3.11.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from e2e.deploy.image import base
from e2e.deploy.image.archive import Layer, pack_layer, write_image
from e2e.deploy.image.dockerfile import read_config
from e2e.deploy.image.errors import ImageError
from e2e.programs.cache import cache_directory, locked
from e2e.programs.uv import NO_UV, find_uv

REPOSITORY = Path(__file__).parents[3]
_IN_ROOT = Path(__file__).with_name("in-root.sh")
_ARCHIVE = Path(__file__).with_name("archive.py")
_PYTHON = "/usr/bin/python3.11"  # the base's
_LOCK = ("pyproject.toml", "uv.lock", "backend/image")
_KEPT = 6


@dataclass(frozen=True, slots=True)
class BackendImage:
    """An archive, and the name under which a node knows it after the import."""

    archive: Path
    name: str


def build(*, source: Path = REPOSITORY, extra: Mapping[str, str] | None = None) -> BackendImage:
    """Build from the repository, or find the same contents built before.

    `extra` adds or replaces files by their path in the repository, such as one more migration.
    """
    cache = cache_directory() / "image"
    cache.mkdir(exist_ok=True)
    root = base.ensure(cache)
    with (
        locked(cache / "backend.lock"),
        tempfile.TemporaryDirectory(dir=cache, prefix=".backend-") as scratch,
    ):
        context = Path(scratch) / "source"
        _copy_context(source, context, extra or {})
        key = _key(root, context, [context / name for name in ("backend", *_LOCK)])
        image = BackendImage(cache / f"backend-{key}.tar", f"registry.local/backend:{key}")
        if not image.archive.exists():
            layers = [
                base.layer(root),
                _dependencies(cache, root, context),
                _code(root, context, Path(scratch)),
            ]
            config = read_config(context / "backend" / "Dockerfile")
            write_image(image.archive, names=(image.name,), config=config, layers=layers)
        image.archive.touch()  # those used last are kept
        for pattern in ("backend-*.tar", "dependencies-*.tar"):
            _forget_old(cache, pattern)
    return image


def _copy_context(source: Path, context: Path, extra: Mapping[str, str]) -> None:
    context.mkdir()
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copy2(source / name, context / name)
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source / "backend", context / "backend", ignore=skip)
    for name, text in extra.items():
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        (context / name).write_text(text)


def _key(root: Path, context: Path, inputs: Iterable[Path]) -> str:
    """Name contents by whatever goes in, and by how it is put together."""
    digest = hashlib.sha256(root.name.encode() + _IN_ROOT.read_bytes() + _ARCHIVE.read_bytes())
    files = [file for each in inputs for file in (each, *each.rglob("*")) if file.is_file()]
    for file in sorted(set(files)):
        digest.update(f"\0{file.relative_to(context)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _dependencies(cache: Path, root: Path, context: Path) -> Layer:
    """Give the layer of the locked packages, made anew only when the lock changes."""
    key = _key(root, context, [context / name for name in _LOCK])
    path = cache / f"dependencies-{key}.tar"
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=cache, prefix=".dependencies-") as scratch:
            app = _run("dependencies.sh", _PYTHON, root=root, context=context, scratch=scratch)
            pack_layer(app / "venv", path, prefix="app/venv")
    path.touch()
    return Layer(path)


def _code(root: Path, context: Path, scratch: Path) -> Layer:
    app = _run("code.sh", root=root, context=context, scratch=scratch)
    return pack_layer(app / "backend", scratch / "code.tar", prefix="app/backend")


def _run(script: str, *arguments: str, root: Path, context: Path, scratch: Path | str) -> Path:
    """Run one of backend/image's scripts inside the base; give what it made of /image/app."""
    uv = find_uv()
    if uv is None:
        raise ImageError(f"the image cannot be built: {NO_UV}")
    uv_cache = subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=True)
    search_path = os.pathsep.join([str(uv.parent), os.environ["PATH"]])
    upper = Path(scratch) / "upper"
    command = ["sh", f"/run/source/backend/image/{script}", "/image", *arguments]
    done = subprocess.run(
        [str(_IN_ROOT), str(root), str(upper), f"{scratch}/work", str(context), *command],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"UV_CACHE": uv_cache.stdout.strip(), "PATH": search_path},
    )
    if done.returncode != 0:
        last = "\n".join(done.stderr.splitlines()[-5:])
        raise ImageError(f"backend/image/{script} failed: {last}")
    return upper / "image" / "app"


def _forget_old(cache: Path, pattern: str) -> None:
    archives = sorted(cache.glob(pattern), key=lambda path: path.stat().st_mtime)
    for archive in archives[:-_KEPT]:
        archive.unlink()
