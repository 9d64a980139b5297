"""The stand-in's images, under the names that OpenCost's chart asks for: the program and its UI."""

from pathlib import Path

from e2e.monitoring import python_program

_MODULES = ("e2e.monitoring.opencost.server", "e2e.monitoring.answers")


def build(target: Path, *, name: str) -> None:
    python_program.build(target, name=name, modules=_MODULES, user="1001:1000")


def build_ui(target: Path, *, name: str) -> None:
    """Make the same program: its environment tells it the other port."""
    build(target, name=name)
