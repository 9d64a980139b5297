"""kubectl and helm of the engine's PATH, on the cluster that the program names."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_LAST = 800


class Rejected(Exception):
    """What the cluster refused, in its own words."""


@dataclass(frozen=True, slots=True)
class Commands:
    kubeconfig: str

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        return self._run("kubectl", arguments, stdin)

    def helm(self, *arguments: str, stdin: str = "") -> str:
        return self._run("helm", arguments, stdin)

    def _run(self, program: str, arguments: tuple[str, ...], stdin: str) -> str:
        with self._file() as kubeconfig:
            done = subprocess.run(
                [program, f"--kubeconfig={kubeconfig}", *arguments],
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            raise Rejected(f"{program} {arguments[0]}: {done.stderr.strip()[-_LAST:]}")
        return done.stdout

    @contextmanager
    def _file(self) -> Iterator[str]:
        with tempfile.NamedTemporaryFile("w", prefix="kubeconfig-") as file:  # mode 0600
            file.write(self.kubeconfig)
            file.flush()
            yield file.name
