"""Kubernetes' quantities, and what pods ask of nodes."""

import pytest

from e2e.platform.quantities import Room, room_of_nodes, room_of_pods


@pytest.mark.parametrize(("text", "milli"), [("250m", 250), ("2", 2000), ("0.5", 500)])
def test_processors(text: str, milli: float) -> None:
    assert Room.cpu_of(text) == milli


@pytest.mark.parametrize(
    ("text", "mebibytes"), [("64Mi", 64), ("1Gi", 1024), ("512Ki", 0.5), ("1048576", 1)]
)
def test_memory(text: str, mebibytes: float) -> None:
    assert Room.memory_of(text) == mebibytes


def _pod(phase: str, *requests: dict[str, str]) -> dict[str, object]:
    containers = [{"resources": {"requests": each}} for each in requests]
    return {"status": {"phase": phase}, "spec": {"containers": [*containers, {}]}}


def test_what_is_done_asks_for_nothing() -> None:
    pods = [
        _pod("Running", {"cpu": "100m", "memory": "64Mi"}, {"memory": "36Mi"}),
        _pod("Pending", {"cpu": "1"}),
        _pod("Succeeded", {"cpu": "1", "memory": "1Gi"}),
    ]
    assert room_of_pods(pods) == Room(1100, 100, 2)


def test_shares_of_two_nodes() -> None:
    node = {"status": {"allocatable": {"cpu": "1930m", "memory": "3048Mi", "pods": "35"}}}
    there = room_of_nodes([node, node])
    assert there == Room(3860, 6096, 70)
    assert Room(1930, 1524, 7).shares(there) == {"cpu": 0.5, "memory": 0.25, "places": 0.1}
