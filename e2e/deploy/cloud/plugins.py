"""The executables that the engine finds on its PATH."""

from pathlib import Path

from e2e.programs.cache import cache_directory
from tests.support.shebang import shebang

# Package -> the module whose `serve` plays it.
_MODULES = {
    "aws": "e2e.deploy.cloud.fake_aws.cloud",
    "docker-build": "e2e.deploy.cloud.fake_docker_build",
    "eks": "e2e.deploy.cloud.fake_eks",
    "random": "e2e.deploy.cloud.fake_random",
}
_REPOSITORY = Path(__file__).parents[3]
# The engine knows a plugin by its file's name, which stays in the command line: so a killed
# engine's plugins are found. Bytecode is kept outside the checkout: without any, each plugin
# compiles its whole SDK at every start.
_EXECUTABLE = """\
{shebang}
# A stand-in: it plays a cloud for the end-to-end tests, and can do nothing in a real one.
import sys

sys.dont_write_bytecode = False
sys.pycache_prefix = {bytecode!r}
sys.path.insert(0, {repository!r})

from {module} import serve

serve()
"""


def write_executables(directory: Path) -> None:
    """Write one for each package into `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    for package, module in _MODULES.items():
        path = directory / f"pulumi-resource-{package}"
        content = _EXECUTABLE.format(
            shebang=shebang(),
            bytecode=str(cache_directory() / "bytecode"),
            repository=str(_REPOSITORY),
            module=module,
        )
        # Never half a file: another process may be using the same world.
        temporary = path.with_suffix(".new")
        temporary.write_text(content)
        temporary.chmod(0o755)
        temporary.replace(path)
