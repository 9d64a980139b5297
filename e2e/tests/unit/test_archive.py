from pathlib import Path

from e2e.deploy.image.archive import pack_layer


def test_a_layer_is_the_same_whenever_it_is_packed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "run").write_text("#!/bin/sh\n")
    first = pack_layer(root, tmp_path / "first.tar")
    (root / "run").touch()
    assert pack_layer(root, tmp_path / "second.tar").digest == first.digest
