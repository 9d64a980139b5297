"""Image archives that `ctr images import` reads. The same input gives the same bytes."""

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layer:
    """An uncompressed tar file; its digest is what containerd knows the layer by."""

    path: Path

    @property
    def digest(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Config:
    """What a container of the image starts, unless the pod says otherwise."""

    command: Sequence[str] = ()
    entry_point: Sequence[str] = ()  # stays when the pod gives only arguments
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = "0:0"
    working_directory: str = "/"

    def as_image(self, layers: Sequence[str]) -> bytes:
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", **self.environment}
        image = {
            "architecture": "amd64",
            "os": "linux",
            "config": {
                "Cmd": list(self.command),
                "Entrypoint": list(self.entry_point),
                "Env": [f"{name}={value}" for name, value in environment.items()],
                "User": self.user,
                "WorkingDir": self.working_directory,
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in layers]},
        }
        return json.dumps(image, sort_keys=True).encode()


def pack_layer(root: Path, target: Path, *, prefix: str = ".") -> Layer:
    """Pack a folder's contents under `prefix`, owned by root, without times or device files."""
    partial = target.with_suffix(".partial")
    with tarfile.open(partial, "w") as tar:
        for path in sorted(root.rglob("*")):
            name = f"{prefix}/{path.relative_to(root)}"
            tar.add(path, arcname=name, recursive=False, filter=_plain)
    partial.rename(target)
    return Layer(target)


def write_image(
    target: Path, *, names: Sequence[str], config: Config, layers: Sequence[Layer]
) -> None:
    """One archive with the image under all `names` (repository:tag)."""
    digests = [layer.digest for layer in layers]
    image = config.as_image(digests)
    config_name = f"{hashlib.sha256(image).hexdigest()}.json"
    entry = {
        "Config": config_name,
        "RepoTags": list(names),
        "Layers": [f"{digest}.tar" for digest in digests],
    }
    partial = target.with_suffix(".partial")
    with tarfile.open(partial, "w") as tar:
        for layer, digest in zip(layers, digests, strict=True):
            _add_file(tar, layer.path, f"{digest}.tar")
        for name, content in (
            (config_name, image),
            ("manifest.json", json.dumps([entry]).encode()),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    partial.rename(target)


def static_image(program: Path, target: Path, *, name: str, scratch: Path) -> None:
    """Make an image with one static program at `/<its name>` and a /tmp."""
    root = scratch / program.name
    (root / "tmp").mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    shutil.copy2(program, root / program.name)
    layer = pack_layer(root, scratch / f"{program.name}.tar")
    config = Config(command=(f"/{program.name}",))
    write_image(target, names=(name,), config=config, layers=(layer,))


def _add_file(tar: tarfile.TarFile, path: Path, name: str) -> None:
    with path.open("rb") as file:
        info = tarfile.TarInfo(name)
        info.size = path.stat().st_size
        tar.addfile(info, file)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    # The same bytes whenever and by whomever it is packed.
    if member.isdev() or member.name.startswith(("./proc/", "./sys/", "./dev/")):
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    return member
