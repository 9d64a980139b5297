"""The sidecar stand-in's image, under the name that Grafana's chart asks for."""

from pathlib import Path

from e2e.monitoring import python_program

_MODULES = ("e2e.monitoring.sidecar.collect", "e2e.load_balancer.fake_controller.api")


def build(target: Path, *, name: str) -> None:
    python_program.build(target, name=name, modules=_MODULES, user="65534:65534")
