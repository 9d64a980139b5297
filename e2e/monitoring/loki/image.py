"""The stand-in's image, under the name that Loki's chart asks for."""

from pathlib import Path

import yaml

from e2e.monitoring import python_program

_REPOSITORY = Path(__file__).parents[3]
_HERE = "e2e.monitoring.loki"
_RECORD = "e2e/monitoring/loki/reference.txt"
# The first is what runs.
MODULES = (
    *(
        f"{_HERE}.{name}"
        for name in (
            *("server", "__init__", "check", "configuration", "durations", "errors"),
            *("push", "query", "store"),
        )
    ),
    "e2e.monitoring.logql",
)


def build(target: Path, *, name: str) -> None:
    user = "10001:10001"
    python_program.build(target, name=name, modules=MODULES, user=user, others=_others())


def files() -> dict[str, Path]:
    """Files by their path in the image."""
    return python_program.files(MODULES, _others())


def _others() -> dict[str, Path]:
    """Give the record of what Loki documents, and PyYAML as it is installed here."""
    library = Path(yaml.__file__).parent
    return {
        _RECORD: _REPOSITORY / _RECORD,
        **{f"yaml/{path.name}": path for path in library.glob("*.py")},
    }
