from pathlib import Path

import pytest

from e2e.deploy.image.archive import pack_layer
from e2e.deploy.image.dockerfile import read_config
from e2e.deploy.image.errors import ImageError


def test_a_layer_is_the_same_whenever_it_is_packed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "run").write_text("#!/bin/sh\n")
    first = pack_layer(root, tmp_path / "first.tar")
    (root / "run").touch()
    assert pack_layer(root, tmp_path / "second.tar").digest == first.digest


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
