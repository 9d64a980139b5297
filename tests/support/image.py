"""The image's files in a folder, and the chart's commands run from there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.chart import ROOT, Tree, ci_values, render
from tests.support.dockerfile import final_stage

PROCESSES = {
    "api": ("Deployment", "backend"),
    "worker": ("Deployment", "backend-worker"),
    "migrate": ("Job", "backend-migrate"),
}


def chart_container(process: str) -> Tree:
    """Return the container of "api", "worker" or "migrate" as the chart renders it."""
    rendered = render(ci_values())
    [container] = rendered[PROCESSES[process]]["spec"]["template"]["spec"]["containers"]
    own = {variable["name"]: variable["value"] for variable in container["env"]}
    inherited = rendered["ConfigMap", "backend"]["data"] if "envFrom" in container else {}
    return {**container, "environment": {**inherited, **own}}


@dataclass(frozen=True)
class Image:
    root: Path

    @property
    def app(self) -> Path:
        return self.root / "app"

    def run(
        self, command: list[str], environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, with nothing of this machine's environment."""
        return subprocess.run(  # noqa: S603 - commands of the chart and of the tests
            self._found(command),
            cwd=self.app,
            env=self._environment(environment),
            capture_output=True,
            text=True,
            check=False,
        )

    @contextmanager
    def running(
        self, command: list[str], environment: Mapping[str, str], *, log: Path
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command beside the test; ended at the end, if it has not done so itself."""
        with (
            log.open("wb") as output,
            subprocess.Popen(  # noqa: S603 - commands of the chart
                self._found(command),
                cwd=self.app,
                env=self._environment(environment),
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    def _found(self, command: list[str]) -> list[str]:
        return [str(self._programs / command[0]), *command[1:]]

    def _environment(self, more: Mapping[str, str] | None) -> dict[str, str]:
        own = final_stage().environment | {"PATH": f"{self._programs}:/usr/bin:/bin"}
        return {**own, **(more or {})}

    @property
    def _programs(self) -> Path:
        return self.app / "venv" / "bin"


def build(root: Path) -> Image:
    """Lay the image's files into a folder by the steps that the Dockerfile takes."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise FileNotFoundError("uv is not on PATH: run the tests with `make test`")
    interpreter = Path(sys.executable)
    command = ["sh", "backend/image/build.sh", str(root), str(interpreter.resolve())]
    # A virtual environment of ours must not be taken for the one to fill.
    inherited = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    environment = inherited | {"UV": uv, "PATH": f"{interpreter.parent}:{os.environ['PATH']}"}
    subprocess.run(command, check=True, env=environment, cwd=ROOT)  # noqa: S603 - our own script
    return Image(root)
