"""A real Alertmanager with the cluster's configuration: whom it calls, how often, how."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from infra.third_party.alertmanager import HEARTBEATS
from tests.infra.test_alert_routes import config_with
from tests.support.chart import Tree
from tests.support.polling import wait_for
from tests.support.real_alertmanager import (
    BACKEND_PATH,
    DIRECT_PATH,
    SECONDS,
    Call,
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


def test_the_backend_is_told_the_end_of_all_that_it_was_told(
    receiver: Receiver, token: Path, tmp_path: Path
) -> None:
    """Whatever worse fires meanwhile: what Alertmanager inhibits never ends for its receivers."""
    burn = {"alertname": "Burn", "namespace": "observability", "slo": "availability"}
    slower = burn | {"severity": "critical", "tier": "medium"}
    worst = burn | {"severity": "critical", "tier": "fast"}
    mild = burn | {"severity": "warning", "tier": "slow"}
    with alertmanager(here(config_with("webhook"), receiver, token), tmp_path) as address:
        for firing in ((slower, mild), (slower, mild, worst)):
            post(address, *firing)
            wait_for(
                lambda firing=firing: states(receiver) == dict.fromkeys(tiers(firing), "firing"),  # type: ignore[misc]  # bound now
                seconds=SECONDS,
                what=f"{tiers(firing)} fire",
            )
        post(address, *(ended(alert) for alert in (slower, mild)))
        expected = {"medium": "resolved", "slow": "resolved", "fast": "firing"}
        wait_for(lambda: states(receiver) == expected, seconds=SECONDS, what="their end")
    people = [sorted(tiers_of(call)) for call in receiver.calls if call.path == DIRECT_PATH]
    assert people == [["medium"], ["fast", "medium"], ["fast", "medium"]], "one message for all"


def states(receiver: Receiver) -> dict[str, str]:
    """Return what the backend was told last of each tier."""
    told = receiver.alerts(BACKEND_PATH)
    return {alert["labels"]["tier"]: alert["status"] for alert in told}


def tiers(alerts: Iterable[Tree]) -> set[str]:
    return {alert["tier"] for alert in alerts}


def tiers_of(call: Call) -> set[str]:
    return tiers(alert["labels"] for alert in call.alerts)


def ended(labels: Tree) -> Tree:
    return {"labels": labels, "endsAt": datetime.now(UTC).isoformat()}


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
