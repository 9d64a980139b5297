"""Images of the stand-ins that are Python: a few modules of this repository, under their names."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from e2e.deploy.image.archive import Config
from e2e.deploy.image.python import python_image

_REPOSITORY = Path(__file__).parents[2]
_HOME = "stand-in"


def build(
    target: Path,
    *,
    name: str,
    modules: Sequence[str],
    user: str,
    others: Mapping[str, Path] | None = None,
) -> None:
    """Write the archive in seconds; `modules` are dotted, and the first is what a container runs.

    They may import each other, the standard library, and `others`: files by their path beside them.
    User is `uid:gid`, as upstream's image has.
    """
    config = Config(
        # An entry point, because charts give flags and no command.
        entry_point=("python3", "-u", "-m", modules[0]),
        user=user,
        working_directory=f"/{_HOME}",
    )
    python_image(target, name=name, files=files(modules, others or {}), config=config)


def files(modules: Sequence[str], others: Mapping[str, Path]) -> dict[str, Path]:
    """Give what the image has beside its base, by the path in it."""
    paths = [f"{module.replace('.', '/')}.py" for module in modules]
    beside = {**{path: _REPOSITORY / path for path in paths}, **others}
    return {f"{_HOME}/{path}": source for path, source in beside.items()}
