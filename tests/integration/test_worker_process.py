"""The worker as the process that is deployed."""

import signal
from collections.abc import Iterator

import httpx2
import pytest

from backend.settings import Settings
from tests.support.polling import wait_for
from tests.support.postgres import Server
from tests.support.process import WORKER, Process, running
from tests.support.settings import environment_of

LOCAL = {"worker_host": "127.0.0.1", "worker_port": 0, "log_level": "info"}
CLEAN = {0, -signal.SIGTERM}


@pytest.fixture
def process(settings: Settings) -> Iterator[Process]:
    with running(WORKER, environment_of(settings.model_copy(update=LOCAL))) as process:
        yield process


def connected(process: Process) -> bool:
    return any(event["event"] == "scheduler_connected" for event in process.events())


def test_the_worker_answers_probes_and_ends_cleanly(process: Process) -> None:
    url = process.base_url()
    wait_for(lambda: connected(process), seconds=30, what="the scheduler connects")

    health = httpx2.get(f"{url}/health")
    metrics = httpx2.get(f"{url}/metrics")
    process.terminate()

    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    assert "backend_job_runs_total" in metrics.text
    assert process.wait() in CLEAN
    assert len(process.events()) == len(process.text().splitlines()), "a line is not JSON"


def test_without_a_database_the_worker_lives_waits_and_still_ends(
    stoppable: Server, stoppable_settings: Settings
) -> None:
    stoppable.stop()
    with running(WORKER, environment_of(stoppable_settings.model_copy(update=LOCAL))) as process:
        url = process.base_url()
        wait_for(
            lambda: any(e["event"] == "scheduler_interrupted" for e in process.events()),
            seconds=10,
            what="the scheduler notices",
        )
        assert httpx2.get(f"{url}/health").status_code == 200
        stoppable.start()
        wait_for(lambda: connected(process), seconds=40, what="the scheduler connects")
        process.terminate()
        assert process.wait() in CLEAN
