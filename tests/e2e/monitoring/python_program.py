"""Images of the stand-ins that are Python: a few modules of this repository, under their names."""

from collections.abc import Sequence
from pathlib import Path

from tests.e2e.image.archive import Config
from tests.e2e.image.python import python_image

_REPOSITORY = Path(__file__).parents[3]
_HOME = "stand-in"


def build(target: Path, *, name: str, modules: Sequence[str], user: str) -> None:
    """Write the archive; `modules` are dotted, and the first is what a container runs.

    They may import each other and the standard library. User is `uid:gid`, as upstream's image has.
    """
    config = Config(
        # An entry point, because charts give flags and no command.
        entry_point=("python3", "-u", "-m", modules[0]),
        user=user,
        working_directory=f"/{_HOME}",
    )
    paths = [f"{module.replace('.', '/')}.py" for module in modules]
    files = {f"{_HOME}/{path}": _REPOSITORY / path for path in paths}
    python_image(target, name=name, files=files, config=config)
