"""The stand-in's image, under the name that Alloy's chart asks for."""

from pathlib import Path

from tests.e2e.image.archive import Config
from tests.e2e.image.python import python_image

_REPOSITORY = Path(__file__).parents[4]
_HERE = "tests/e2e/monitoring/alloy"
MODULES = (
    *(
        f"{_HERE}/{name}.py"
        for name in (
            *("__init__", "agent", "check", "entry", "errors", "files", "pods", "push"),
            *("reference", "relabel", "server", "stages", "syntax", "targets", "tokens", "values"),
        )
    ),
    f"{_HERE}/reference.txt",
    "tests/e2e/monitoring/logql.py",
    "tests/e2e/controller/api.py",
)


def build(target: Path, *, name: str) -> None:
    """Write the archive; takes seconds when the base is in the cache."""
    config = Config(
        entry_point=("python3", "-u", "-m", f"{_HERE.replace('/', '.')}.server"),
        # As the real image: root, because /var/log/pods is root's.
        user="0:0",
        working_directory="/stand-in",
    )
    python_image(target, name=name, files=files(), config=config)


def files() -> dict[str, Path]:
    """Files by their path in the image."""
    return {f"stand-in/{module}": _REPOSITORY / module for module in MODULES}
