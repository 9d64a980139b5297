"""The Grafana stand-in's image, under the name that the chart asks for."""

from pathlib import Path

from e2e.monitoring import python_program

_MODULES = ("e2e.monitoring.grafana.server", "e2e.monitoring.answers")


def build(target: Path, *, name: str) -> None:
    python_program.build(target, name=name, modules=_MODULES, user="472:0")
