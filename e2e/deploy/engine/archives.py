"""Compressed plugins from a folder, unpacked once into the cache and known by their content."""

import hashlib
import lzma
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from e2e.programs.cache import cache_directory, locked


def unpacked(folder: Path, program: str, version: str) -> Iterator[Path]:
    """Yield the program when `folder` holds it in this version for this machine."""
    archive = folder / f"{program}-{version}.linux-amd64.xz"
    if not archive.exists():
        return
    # Scripts that the program expects beside it, such as pulumi-language-python-exec.
    helpers = [path for path in sorted(folder.glob(f"{program}-*")) if path.suffix != ".xz"]
    cache = cache_directory() / "plugins"
    cache.mkdir(exist_ok=True)
    target = cache / f"{program}-{version}-{_digest(archive, *helpers)}"
    with locked(cache / f"{program}.lock"):
        if not target.exists():
            _unpack(archive, helpers, target, program)
    yield target / program


def _unpack(archive: Path, helpers: list[Path], target: Path, program: str) -> None:
    scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{program}-"))
    try:
        with lzma.open(archive) as source, (scratch / program).open("wb") as copy:
            shutil.copyfileobj(source, copy)
        for helper in helpers:
            shutil.copyfile(helper, scratch / helper.name)
        for file in scratch.iterdir():
            file.chmod(0o755)
        scratch.chmod(0o755)
        # Renamed whole: what was interrupted leaves nothing that looks finished.
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _digest(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()[:12]
