"""The stand-in's image, under the name that Alloy's chart asks for."""

from pathlib import Path

from e2e.monitoring import python_program

_REPOSITORY = Path(__file__).parents[3]
_HERE = "e2e.monitoring.alloy"
_RECORD = "e2e/monitoring/alloy/reference.txt"
# The first is what runs.
MODULES = (
    *(
        f"{_HERE}.{name}"
        for name in (
            *("server", "__init__", "agent", "check", "entry", "errors", "files", "pods", "push"),
            *("reference", "relabel", "stages", "syntax", "targets", "tokens", "values"),
        )
    ),
    "e2e.monitoring.logql",
    "e2e.load_balancer.fake_controller.api",
)
_OTHERS = {_RECORD: _REPOSITORY / _RECORD}


def build(target: Path, *, name: str) -> None:
    # As the real image: root, because /var/log/pods is root's.
    python_program.build(target, name=name, modules=MODULES, user="0:0", others=_OTHERS)


def files() -> dict[str, Path]:
    """Files by their path in the image."""
    return python_program.files(MODULES, _OTHERS)
