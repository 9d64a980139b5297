"""A real Alertmanager with the cluster's configuration: whom it calls, how often, how."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from infra.alert_routes import HEARTBEATS
from tests.infra.test_alert_routes import config_with
from tests.support.polling import wait_for
from tests.support.real_alertmanager import (
    BACKEND_PATH,
    DIRECT_PATH,
    SECONDS,
    Receiver,
    alertmanager,
    here,
    post,
    receiving,
)

MINUTE = 60


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("the-first-token")
    return file


CRITICAL = {"alertname": "NodeDown", "severity": "critical"}
WARNING = {"alertname": "DiskFull", "severity": "warning"}
IN_THE_WAY = {"alertname": "AlertmanagerFailedToSendAlerts", "severity": "warning"}
EVERYTHING = {"NodeDown", "DiskFull", "AlertmanagerFailedToSendAlerts"}


def test_the_backend_hears_everything_and_people_what_must_not_wait(
    receiver: Receiver, token: Path, tmp_path: Path
) -> None:
    config = here(config_with("webhook"), receiver, token)
    with alertmanager(config, tmp_path) as address:
        post(address, CRITICAL, WARNING, IN_THE_WAY)
        people = EVERYTHING - {"DiskFull"}
        for path, expected in ((BACKEND_PATH, EVERYTHING), (DIRECT_PATH, people)):
            wait_for(
                lambda path=path, expected=expected: receiver.told(path) == expected,  # type: ignore[misc]  # bound now
                seconds=SECONDS,
                what=f"{path} is told of {expected}",
            )
        tokens = {call.token for call in receiver.calls if call.path == BACKEND_PATH}
        assert tokens == {"Bearer the-first-token"}
        assert {call.token for call in receiver.calls if call.path == DIRECT_PATH} == {""}

        token.write_text("the-second-token")
        post(address, {"alertname": "Later", "severity": "warning"})
        wait_for(
            lambda: [c for c in receiver.calls if c.token == "Bearer the-second-token"],
            seconds=SECONDS,
            what="a rotated token is used without a restart",
        )


def test_an_objectives_slower_tiers_are_silent_while_a_faster_one_fires(
    receiver: Receiver, token: Path, tmp_path: Path
) -> None:
    burn = {"alertname": "Burn", "namespace": "observability", "severity": "critical"}
    tiers = [burn | {"slo": "availability", "tier": tier} for tier in ("fast", "medium", "chronic")]
    other = burn | {"slo": "latency", "tier": "medium"}
    with alertmanager(here(config_with("webhook"), receiver, token), tmp_path) as address:
        # The first alone, so that it is there when the others are looked at.
        post(address, tiers[0])
        wait_for(
            lambda: tiers_told(receiver) >= {("availability", "fast")}, seconds=SECONDS, what="it"
        )
        post(address, *tiers, other)
        wait_for(
            lambda: ("latency", "medium") in tiers_told(receiver), seconds=SECONDS, what="other"
        )
        assert tiers_told(receiver) == {("availability", "fast"), ("latency", "medium")}


def tiers_told(receiver: Receiver) -> set[tuple[str, str]]:
    alerts = receiver.alerts(BACKEND_PATH)
    return {(alert["labels"]["slo"], alert["labels"]["tier"]) for alert in alerts}


def test_the_heartbeats_come_every_few_minutes_and_nothing_else_does(
    receiver: Receiver, token: Path, tmp_path: Path
) -> None:
    """BackendDeliveriesMissing takes two that do not come in 12 minutes for trouble."""
    times_faster = 150
    config = here(config_with("webhook"), receiver, token, times_faster=times_faster)
    with alertmanager(config, tmp_path) as address:
        beats = [{"alertname": alert, "severity": "none"} for alert in HEARTBEATS]
        post(address, *beats, WARNING)
        for alert in HEARTBEATS:
            wait_for(
                lambda alert=alert: len(receiver.times(alert)) >= 5,  # type: ignore[misc]  # bound now
                seconds=SECONDS,
                what=f"five deliveries of {alert}",
            )
    for alert in HEARTBEATS:
        gaps = [later - earlier for earlier, later in pairwise(receiver.times(alert))]
        every = median(gaps) * times_faster / MINUTE
        assert 5 <= every < 7, f"{alert} is delivered every {every:.1f} minutes"
    assert len(receiver.times("DiskFull")) == 1
    assert not receiver.alerts(DIRECT_PATH)
