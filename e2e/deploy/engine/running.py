"""An engine in the middle of `pulumi up`, to be killed there."""

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
class RunningUp:
    process: Popen[bytes]
    log: Path

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def wait(self, *, seconds: float = 1800) -> int:
        """Return how it ended."""
        return self.process.wait(seconds)

    def kill(self) -> float:
        """End the engine as a power cut would; give back the time of it (`time.time()`).

        Returns when its plugins are gone too: providers finish what they have begun, as a cloud
        would; the language host, which would wait for ever, is ended.
        """
        if not self.running:
            raise EngineError(f"pulumi up had ended before it could be killed: see {self.log}")
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
        for directory in Path("/proc").glob("[0-9]*"):
            process = Process.of(int(directory.name))
            if process is None or name not in processes.command_line(process):
                continue
            if _session(process.pid) == self.process.pid:
                yield process


def _session(pid: int) -> int | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[3])
