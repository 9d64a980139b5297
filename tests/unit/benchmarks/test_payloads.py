"""What is sent must be what the service accepts, and new where it has to be new."""

import json
from datetime import UTC, datetime
from itertools import islice

import pytest

from backend.alerts.intake.payload import AlertMessage
from benchmarks.payloads import (
    ALERTS,
    CONNECTIONS,
    FRESH,
    PLACEHOLDER,
    Mode,
    body_of,
    body_template,
    groups,
    known_groups,
)
from benchmarks.pgbench import CHOICE, latencies_of, rate_of
from benchmarks.recording import GROUP_VARIABLE

TEMPLATE = body_template(datetime(2026, 11, 1, 10, tzinfo=UTC))


def test_a_body_has_100_distinct_alerts_that_the_service_accepts() -> None:
    message = json.loads(body_of(TEMPLATE, 123456789012))

    alerts = [AlertMessage.model_validate_json(json.dumps(alert)) for alert in message["alerts"]]
    assert len({alert.fingerprint for alert in alerts}) == ALERTS
    assert all(alert.fingerprint.startswith("123456789012-") for alert in alerts)
    assert PLACEHOLDER not in json.dumps(message)


def test_all_groups_are_as_long_as_what_they_replace() -> None:
    lengths = {len(str(group)) for group in (*known_groups(), FRESH.start, FRESH.stop - 1)}

    assert lengths == {len(PLACEHOLDER)} == {len(GROUP_VARIABLE)}


def test_connections_repeat_known_groups_and_share_none() -> None:
    sent = [set(islice(groups(Mode.UPDATE, number), 50)) for number in range(CONNECTIONS)]

    assert set.union(*sent) == set(known_groups())
    assert sum(map(len, sent)) == len(known_groups())


def test_fresh_groups_are_never_known_and_never_sent_twice() -> None:
    sent = list(islice(groups(Mode.INSERT, 0), 50))

    assert len(set(sent)) == 50
    assert not set(sent) & set(known_groups())


def test_pgbench_chooses_among_the_same_groups() -> None:
    assert CHOICE[Mode.UPDATE] == "100000000000 + :client_id * 20 + random(0, 19)"
    assert CHOICE[Mode.INSERT] == "random(200000000000, 899999999999)"


def test_pgbench_output() -> None:
    assert rate_of("latency average = 2 ms\ntps = 411.5 (without initial connection)\n") == 411.5
    assert latencies_of("0 1 2500 0 1764000000 12\n1 1 800 0 1764000000 13\n") == [2.5, 0.8]


def test_pgbench_that_measured_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="said nothing"):
        rate_of("pgbench: fatal")
