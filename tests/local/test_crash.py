"""Power loss, repeatedly: what was answered 2xx is there, and the next start repairs itself."""

import contextlib
import random
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import httpx2
import psutil
import pytest

from tests.support.alertmanager import fingerprint, make_alert, make_message
from tests.support.local_platform import (
    START_SECONDS,
    Platform,
    kill_everything,
    launch,
    running,
)
from tests.support.polling import wait_for
from tests.support.ports import free_port

_KILLS = 8
_LONGEST_LIFE_SECONDS = 0.6
_BOUND_SECONDS = 90
_PAGE = 200


class Stream:
    """Delivers one new alert after another, forever, and remembers which were answered 2xx."""

    def __init__(self, port: int, token: str) -> None:
        self.accepted: list[str] = []
        # Of the last that was sent, and of the last that was answered 2xx.
        self._number = self._answered = 0
        self._stop = threading.Event()
        self._client = httpx2.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=5,
        )
        self._thread = threading.Thread(target=self._deliver_for_ever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._client.close()

    def wait_for_an_answer(self, platform: Platform) -> None:
        """One to a delivery that is sent from now on.

        On a busy machine the answer to an earlier one, of a server that is dead by now, may still
        be in this process, not yet looked at.
        """
        before = self._number

        def answered() -> bool:
            assert platform.process.poll() is None, platform.output
            return self._answered > before

        wait_for(answered, seconds=START_SECONDS, what="an answer")

    def _deliver_for_ever(self) -> None:
        while not self._stop.is_set():
            self._number += 1
            labels = {"alertname": "Stream", "service": "crash", "number": str(self._number)}
            alert = make_alert(fingerprint(labels), labels=labels, starts_at=datetime.now(UTC))
            body = make_message(alert)
            try:
                answer = self._client.post("/api/v1/webhooks/alertmanager", json=body)
            except httpx2.HTTPError:
                self._stop.wait(0.02)
                continue
            if answer.is_success:
                assert answer.json() == {"accepted": 1, "rejected": []}
                self.accepted.append(fingerprint(labels))
                self._answered = self._number


def pull_the_plug(platform: Platform) -> None:
    """Kill -9 of the supervisor and all below it; the next start does not wait for their end."""
    supervisor = psutil.Process(platform.process.pid)
    victims = [supervisor, *supervisor.children(recursive=True)]
    assert len(victims) > 5
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):  # it died with its parent
            victim.kill()
    platform.process.wait()


def stored(platform: Platform) -> Iterator[str]:
    """The fingerprint of every alert of the stream, through the API."""
    with platform.client() as client:
        cursor: str | None = None
        while True:
            query = {"service": "crash", "limit": str(_PAGE)} | (
                {"cursor": cursor} if cursor else {}
            )
            page = client.get("/api/v1/alerts", params=query).raise_for_status().json()
            yield from (alert["fingerprint"] for alert in page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                return


@pytest.mark.timeout(600)
def test_no_answered_alert_is_lost_by_killing_everything(
    state: Path, environment: dict[str, str]
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    moments = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    print(f"seed {seed}")  # noqa: T201  # the measurement, seen with -s - shown with a failure
    port = free_port()
    # Who is killed measures nothing: without this it would only start more slowly.
    environment = {name: value for name, value in environment.items() if "COV" not in name}
    with running(state, port=port, environment=environment) as first:
        token = first.token
    started = time.monotonic()
    platform = launch(state, port=port, environment=environment)
    try:
        with Stream(port, token) as stream:
            stream.wait_for_an_answer(platform)
            undisturbed = time.monotonic() - started
            for _ in range(_KILLS):
                time.sleep(moments.uniform(0, _LONGEST_LIFE_SECONDS))
                pull_the_plug(platform)
                platform = launch(state, port=port, environment=environment)
                stream.wait_for_an_answer(platform)
            took = time.monotonic() - started
            platform.wait_until_ready()
        missing = set(stream.accepted) - set(stored(platform))
        assert not missing, f"{len(missing)} of {len(stream.accepted)} are lost"
        print(f"{len(stream.accepted)} alerts, {_KILLS} kills, {took:.0f} s")  # noqa: T201  # the measurement, seen with -s
        # On a machine that others slow down a start after a kill is compared with one without.
        assert took < max(_BOUND_SECONDS, _KILLS * 3 * undisturbed)
        assert platform.stop() == 0
    finally:
        kill_everything(platform)
