"""One cluster at a time: there is room for one on a machine. Each module has its own."""

from collections.abc import Iterator

import pytest

from e2e.cluster.cluster import Cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    made = Cluster.up()
    yield made
    assert made.down() == []
