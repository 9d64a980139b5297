"""The sidecar stand-in's image, under the name that Grafana's chart asks for."""

from pathlib import Path

from tests.e2e.monitoring import python_program

_MODULES = ("tests.e2e.monitoring.sidecar.collect", "tests.e2e.controller.api")


def build(target: Path, *, name: str) -> None:
    python_program.build(target, name=name, modules=_MODULES, user="65534:65534")
