import signal
import sys
import time
from pathlib import Path

import pytest

from e2e.cluster import processes
from e2e.cluster.processes import Process

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)",
]


def start(folder: Path, command: list[str]) -> Process:
    return processes.start(
        command,
        name="sleeper",
        records=folder / "processes",
        log=folder / "logs/sleeper.log",
        environment={"PATH": "/usr/bin:/bin"},
    )


def test_a_started_process_is_found_again_and_ended(tmp_path: Path) -> None:
    process = start(tmp_path, SLEEP)
    assert processes.recorded(tmp_path / "processes", "sleeper") == process
    assert list(processes.marked(tmp_path)) == [process]
    process.stop()
    assert not process.alive
    assert processes.recorded(tmp_path / "processes", "sleeper") is None
    assert list(processes.marked(tmp_path)) == []


def test_another_process_with_the_same_id_is_left_alone(tmp_path: Path) -> None:
    process = start(tmp_path, SLEEP)
    earlier = Process(process.pid, process.started - 1)
    earlier.send(signal.SIGKILL)
    assert not earlier.alive
    assert process.alive
    process.stop()


@pytest.mark.parametrize("content", ["", '{"pid": 1}', "half"])
def test_a_record_that_a_crash_cut_short_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "sleeper.json").write_text(content)
    assert processes.recorded(tmp_path, "sleeper") is None


def test_one_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    process = start(tmp_path, STUBBORN)
    time.sleep(0.3)  # until the handler is in place
    process.stop(seconds=0.3)
    assert not process.alive
