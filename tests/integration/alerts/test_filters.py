"""`filter=`: matchers on the labels of stored alerts, against a reference in Python."""

import re
from unittest.mock import patch
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.alerts import service
from backend.alerts.lists import walk as walking
from backend.alerts.lists.matchers import Matcher, Operator
from backend.alerts.schemas import AlertFilter
from tests.integration.alerts.test_alerts_api import ALERTS, NOW, fingerprints, walk
from tests.support.alertmanager import make_alert
from tests.support.intake import Intake

VALUES = ("", "a", "b", "ab", "pay", "a\nb", 'say "hi"', "größe", "x|y")
# Absent, empty and filled labels, one of them without a plain name.
KNOWN = [
    {name: value for name, value in (("zone", zone), ("größe.x", size)) if value is not None}
    for zone in (None, *VALUES)
    for size in (None, "", "a", "x|y")
]
MATCHERS = st.builds(
    Matcher,
    name=st.sampled_from(["zone", "größe.x", "missing"]),
    operator=st.sampled_from(Operator),
    value=st.sampled_from([*VALUES, "a|b", "a|", "a.*", ".*", ".+", "[ab]+", "(?i)PAY", "|b.?"]),
)


def expected(matcher: Matcher, labels: dict[str, str]) -> bool:
    value = labels.get(matcher.name, "")
    if matcher.is_expression:
        matched = re.compile(matcher.value).fullmatch(value) is not None
    else:
        matched = value == matcher.value
    return matched is not matcher.is_negative


async def found_by(intake: Intake, filters: AlertFilter) -> list[str]:
    """Walk over the pages of a list."""
    found: list[str] = []
    cursor = None
    async with intake.database.snapshots() as session:
        while True:
            page = await service.list_alerts(session, filters, limit=8, cursor=cursor)
            found += [item.fingerprint for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return found


@given(matchers=st.lists(MATCHERS, max_size=3), few=st.integers(1, 40))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
async def test_matchers_choose_what_prometheus_would(
    intake: Intake, matchers: list[Matcher], few: int
) -> None:
    if not await intake.rows("alert"):
        alerts = [make_alert(f"{number}", labels=labels) for number, labels in enumerate(KNOWN)]
        await intake.deliver(*alerts, now=NOW)
    # By their texts, as an address has them.
    filters = AlertFilter(matchers=tuple(Matcher.parse(str(matcher)) for matcher in matchers))

    with patch.object(walking, "MAX_CANDIDATES", few):
        found = await found_by(intake, filters)

    matching = [
        str(number)
        for number, labels in enumerate(KNOWN)
        if all(expected(matcher, labels) for matcher in matchers)
    ]
    assert sorted(found) == sorted(matching)


async def test_filters_of_an_address_must_all_match(
    client: httpx2.AsyncClient, intake: Intake
) -> None:
    await intake.deliver(
        make_alert("1", labels={"service": "payments", "severity": "info"}),
        make_alert("2", labels={"service": "payroll", "severity": "page"}),
        make_alert("3", labels={"app": "payments"}),
        now=NOW,
    )

    async def found(*filters: str) -> list[str]:
        query = "&".join(f"filter={quote(text)}" for text in filters)
        return await fingerprints(client, f"{query}&sort=first_seen_at")

    assert await found('service=~"pay.*"') == ["1", "2"]
    assert await found("service=~pay.*", "severity!=info") == ["2"]
    assert await found('service!~"pay.*"') == ["3"]
    assert await found("service=", '"app"=~"payments|cart"') == ["3"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("service=a&service=a", ["2", "1"]),
        ("service=&service=", ["3"]),
        ("status=firing&status=firing&severity=page&severity=page", ["1"]),
    ],
)
async def test_a_value_that_is_given_twice_shows_an_alert_once(
    client: httpx2.AsyncClient, intake: Intake, query: str, found: list[str]
) -> None:
    await intake.deliver(
        make_alert("1", labels={"service": "a", "severity": "page"}),
        make_alert("2", labels={"service": "a"}),
        make_alert("3", labels={}),
        now=NOW,
    )

    assert await fingerprints(client, query) == found
    assert await walk(client, f"{query}&limit=1") == found


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ("filter=service", "invalid_matcher"),
        ("filter=a%3D~(", "invalid_matcher"),
        ("&".join(["filter=a%3Db"] * 17), "invalid_request"),
        ("filter=a%3D%00", "invalid_request"),
        ("q=" + "+".join("abcdefghi"), "invalid_request"),
        ("q=" + "a" * 201, "invalid_request"),
    ],
)
async def test_a_wrong_filter_is_422(client: httpx2.AsyncClient, filters: str, code: str) -> None:
    response = await client.get(f"{ALERTS}?{filters}")

    assert (response.status_code, response.json()["code"]) == (422, code)


async def test_free_text_is_found_in_summaries_and_values_of_labels(
    client: httpx2.AsyncClient, intake: Intake
) -> None:
    await intake.deliver(
        make_alert("1", labels={"alertname": "Errors", "pod": "checkout-7"}, annotations={}),
        make_alert("2", labels={"pod": "cart"}, annotations={"summary": "Checkout: 50% fail"}),
        make_alert("3", labels={"checkout": "no"}, annotations={"description": "checkout"}),
        make_alert("4", labels={"pod": "cart", "zone": "größe_1"}, annotations={}),
        now=NOW,
    )

    async def found(text: str) -> list[str]:
        return await fingerprints(client, f"q={quote(text)}&sort=first_seen_at")

    assert await found("CHECKOUT") == ["1", "2"]
    assert await found(" cart  checkout ") == ["2"]
    assert await found("50%") == ["2"]
    assert await found("größe_1") == ["4"]
    assert await found("0% ch_ckout") == []
    assert await found("error") == ["1"]


async def test_values_too_large_to_match_are_refused(
    client: httpx2.AsyncClient, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "MAX_VALUES_BYTES", 3)
    await intake.deliver(*(make_alert(text, labels={"pod": text * 2}) for text in "abc"), now=NOW)

    response = await client.get(f"{ALERTS}?filter=pod%3D~a.")

    assert (response.status_code, response.json()["code"]) == (422, "expression_too_expensive")
    assert "'pod' has more than" in response.json()["detail"]
