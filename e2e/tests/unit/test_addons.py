"""What becomes of other projects' charts, with and without a way to have them."""

from pathlib import Path

import pytest

from e2e.platform import addons, third_party
from e2e.platform.errors import PlatformError
from e2e.platform.third_party import Charts, Release

CONTROLLER = "aws-load-balancer-controller"


def release(name: str) -> Release:
    return Release(name, "kube-system", name, "1.0.0", "https://charts.example.org", {})


class Nodes:
    """Stands for the cluster."""

    def __init__(self) -> None:
        self.kubectl = None
        self.images: list[str] = []

    def load_image(self, archive: Path) -> None:
        self.images.append(archive.read_text())


@pytest.fixture
def nodes() -> Nodes:
    return Nodes()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lines that were printed. Helm and the image are played: tests/e2e has the real ones."""
    planned = [release(CONTROLLER), release("metrics-server")]
    monkeypatch.setattr(third_party, "planned", lambda _: planned)
    monkeypatch.setattr(third_party, "images", lambda *_: {"registry/controller:1"})
    monkeypatch.setattr(addons, "dry_run", lambda *_: 9)
    monkeypatch.setattr(addons, "build", lambda archive, name: archive.write_text(name))
    return []


def provide(nodes: Nodes, said: list[str], monkeypatch: pytest.MonkeyPatch, **missing: str) -> None:
    found = Charts(Path("/charts"), {name.replace("_", "-"): why for name, why in missing.items()})
    monkeypatch.setattr(Charts, "collect", lambda *_: found)
    addons.provide(nodes, Path("helm"), Path("/charts"), said.append)  # type: ignore[arg-type]  # as much as is used


def test_the_controller_gets_its_image_and_the_others_a_dry_run(
    nodes: Nodes, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    provide(nodes, said, monkeypatch)
    assert nodes.images == ["registry/controller:1"]
    assert said == ["metrics-server 1.0.0: the API server takes its 9 objects"]


def test_a_chart_that_is_only_tried_may_be_missing_but_not_in_ci(
    nodes: Nodes, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    provide(nodes, said, monkeypatch, metrics_server="no route")
    assert said == ["metrics-server 1.0.0: not tried, no route"]
    monkeypatch.setenv("CI", "true")
    with pytest.raises(PlatformError, match=r"the chart of metrics-server is neither .* no route"):
        provide(nodes, said, monkeypatch, metrics_server="no route")


def test_without_the_controllers_chart_nothing_can_be_deployed(
    nodes: Nodes, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PlatformError, match=rf"the chart of {CONTROLLER} is neither .* no route"):
        provide(nodes, said, monkeypatch, aws_load_balancer_controller="no route")
