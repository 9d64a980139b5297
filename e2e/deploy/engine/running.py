"""An engine at work, in the middle of which it can be killed."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from e2e.cluster import processes
from e2e.cluster.processes import Process
from e2e.deploy.engine.errors import EngineError

# A provider finishes what it began: a fake at its own pace, the real one a Helm release.
_PLUGIN_SECONDS = 30
_LANGUAGE = "pulumi-language-"
_PROVIDER = "pulumi-resource-"


@dataclass(frozen=True, slots=True)
class Started:
    process: Popen[bytes]
    log: Path

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> float:
        """End the engine as a power cut would; give back the time of it (`time.time()`).

        Returns when its plugins are gone too: providers finish what they have begun, as a cloud
        would; the language host, which would wait for ever, is ended.
        """
        if not self.running:
            raise EngineError(f"pulumi had ended before it could be killed: see {self.log}")
        self.process.kill()
        killed = time.time()
        self.process.wait()
        for process in self._left(_LANGUAGE):
            process.stop()
        providers = list(self._left(_PROVIDER))
        processes.wait_until(
            lambda: not any(process.alive for process in providers), seconds=_PLUGIN_SECONDS
        )
        for process in providers:
            process.send(signal.SIGKILL)
        return killed

    def _left(self, name: str) -> Iterator[Process]:
        """Plugins of this engine: those in the session that was made for it."""
        for process in processes.every():
            if name in process.command_line and _session(process.pid) == self.process.pid:
                yield process


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None
