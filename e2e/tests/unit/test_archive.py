import json
import tarfile
from pathlib import Path

import pytest

from e2e.deploy.image.archive import Config, pack_layer, write_image
from e2e.deploy.image.dockerfile import read_config
from e2e.deploy.image.errors import ImageError

CONFIG = Config(command=("run",), environment={"A": "1"}, user="10001:10001")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/run").write_text("#!/bin/sh\n")
    (folder / "bin/run").chmod(0o755)
    (folder / "link").symlink_to("bin/run")
    return folder


def test_a_layer_is_the_same_whenever_it_is_packed(root: Path, tmp_path: Path) -> None:
    first = pack_layer(root, tmp_path / "first.tar")
    (root / "bin/run").touch()
    assert pack_layer(root, tmp_path / "second.tar").digest == first.digest


def test_a_layer_keeps_modes_and_links_and_belongs_to_root(root: Path, tmp_path: Path) -> None:
    layer = pack_layer(root, tmp_path / "layer.tar", prefix="app")
    with tarfile.open(layer.path) as tar:
        members = {member.name: member for member in tar}
    assert members["app/bin/run"].mode == 0o755
    assert members["app/link"].linkname == "bin/run"
    assert {(member.uid, member.gid, member.mtime) for member in members.values()} == {(0, 0, 0)}


def test_an_archive_names_its_layers_by_digest(root: Path, tmp_path: Path) -> None:
    layer = pack_layer(root, tmp_path / "layer.tar")
    write_image(tmp_path / "image.tar", names=("x/y:1",), config=CONFIG, layers=(layer,))
    with tarfile.open(tmp_path / "image.tar") as tar:
        files = {member.name: tar.extractfile(member) for member in tar}
        (entry,) = json.load(files["manifest.json"])  # type: ignore[arg-type] # a regular file
        image = json.load(files[entry["Config"]])  # type: ignore[arg-type] # a regular file
    assert entry["RepoTags"] == ["x/y:1"]
    assert entry["Layers"] == [f"{layer.digest}.tar"]
    assert image["rootfs"]["diff_ids"] == [f"sha256:{layer.digest}"]
    assert image["config"]["User"] == "10001:10001"
    assert "A=1" in image["config"]["Env"]


DOCKERFILE = """\
FROM base AS build
ENV WRONG=1
FROM base
WORKDIR /app
# a comment
ENV PATH=/app/venv/bin:/usr/bin \\
    PYTHONUNBUFFERED=1
USER 10001:10001
CMD ["uvicorn", "backend.asgi:app"]
"""


def test_what_a_container_starts_with_is_read_from_the_dockerfile(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(DOCKERFILE)
    config = read_config(path)
    assert config.command == ("uvicorn", "backend.asgi:app")
    assert config.environment == {"PATH": "/app/venv/bin:/usr/bin", "PYTHONUNBUFFERED": "1"}
    assert (config.user, config.working_directory) == ("10001:10001", "/app")


def test_a_dockerfile_that_says_too_little_is_named(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(DOCKERFILE.replace("USER 10001:10001\n", ""))
    with pytest.raises(ImageError, match="has no USER in its last stage"):
        read_config(path)
