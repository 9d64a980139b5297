"""The commands of the README as an operator runs them in the workspace: make, helm."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.shell import run
from e2e.platform.errors import PlatformError

# Longer than the ten minutes that a release may take.
_SECONDS = 15 * 60
_LAST = 2000


@dataclass(frozen=True, slots=True)
class Commands:
    directory: Path
    environment: Mapping[str, str]  # all of it; has KUBECONFIG and a PATH with helm
    helm_program: Path
    log: Path  # of what runs in the background

    def release(self, version: str, *, ok: bool = True) -> str:
        """Run `make release`, and give what it said; another end than asked for is an error."""
        done = subprocess.run(
            self._release(version),
            cwd=self.directory,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if ok != (done.returncode == 0):
            end = "failed" if ok else "succeeded, which it must not"
            raise PlatformError(f"make release VERSION={version} {end}:\n{done.stdout[-_LAST:]}")
        return done.stdout

    def start_release(self, version: str) -> subprocess.Popen[bytes]:
        """Start `make release` in a session of its own."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            return subprocess.Popen(
                self._release(version),
                cwd=self.directory,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def helm(self, *arguments: str) -> str:
        """Run helm and give back what it printed."""
        config = {"KUBECONFIG": self.environment["KUBECONFIG"]}
        return run(self.helm_program, *arguments, environment=config, seconds=_SECONDS)

    def _release(self, version: str) -> list[str]:
        return ["make", "--no-print-directory", "release", f"VERSION={version}"]
