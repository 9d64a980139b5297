"""The stand-in's image, under the name that Loki's chart asks for."""

from pathlib import Path

import yaml

from tests.e2e.image.archive import Config
from tests.e2e.image.python import python_image

_REPOSITORY = Path(__file__).parents[4]
_HERE = "tests/e2e/monitoring/loki"
_NAMES = (
    *(
        "__init__",
        "check",
        "configuration",
        "durations",
        "errors",
        "push",
        "query",
        "server",
        "store",
    ),
)
MODULES = (
    *(f"{_HERE}/{name}.py" for name in _NAMES),
    f"{_HERE}/reference.txt",
    "tests/e2e/monitoring/logql.py",
)


def build(target: Path, *, name: str) -> None:
    """Write the archive; takes seconds when the base is in the cache."""
    config = Config(
        entry_point=("python3", "-u", "-m", f"{_HERE.replace('/', '.')}.server"),
        user="10001:10001",
        working_directory="/stand-in",
    )
    python_image(target, name=name, files=files(), config=config)


def files() -> dict[str, Path]:
    """Files by their path in the image: the modules, and PyYAML as it is installed here."""
    library = Path(yaml.__file__).parent
    return {
        **{f"stand-in/{module}": _REPOSITORY / module for module in MODULES},
        **{f"stand-in/yaml/{path.name}": path for path in library.glob("*.py")},
    }
