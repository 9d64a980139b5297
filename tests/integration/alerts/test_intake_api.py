"""POST /api/v1/webhooks/alertmanager: what it answers, and what can be read afterwards."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from backports import zstd
from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts.intake import room
from backend.alerts.intake.limits import LARGE_BODY_BYTES
from backend.settings import Settings
from tests.support.alertmanager import Json, make_alert, make_group, make_message
from tests.support.factories import make_integration
from tests.support.http import client_of
from tests.support.intake import Intake

WEBHOOK = "/api/v1/webhooks/alertmanager"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def read(client: httpx2.AsyncClient, fingerprint: str, slug: str = "default") -> Json:
    response = await client.get(f"/api/v1/alerts/{slug}/{fingerprint}")
    assert response.status_code == 200, response.text
    alert: Json = response.json()
    return alert


async def test_a_delivered_alert_can_be_read(client: httpx2.AsyncClient) -> None:
    posted = await client.post(WEBHOOK, json=make_message(make_alert("f1")))

    alert = await read(client, "f1")

    assert posted.json() == {"accepted": 1, "rejected": []}
    assert alert["status"] == "firing"
    assert [episode["closed_at"] for episode in alert["episodes"]] == [None]


async def test_a_broken_alert_is_reported_and_the_others_are_stored(
    client: httpx2.AsyncClient,
) -> None:
    message = make_message(make_alert("a"), make_alert("b", labels={"x": "\x00"}), make_alert("c"))

    posted = await client.post(WEBHOOK, json=message)

    listed = (await client.get("/api/v1/alerts")).json()["items"]
    assert posted.status_code == 200
    assert posted.json()["accepted"] == 2
    assert [(item["index"], item["code"]) for item in posted.json()["rejected"]] == [
        (1, "nul_character")
    ]
    assert [item["fingerprint"] for item in listed] == ["c", "a"]


async def test_a_repaired_alert_is_stored_counted_and_named(
    client: httpx2.AsyncClient, intake: Intake
) -> None:
    await client.post(WEBHOOK, json=make_message(make_alert("a")))
    odd = make_alert("a", status="resolved", annotations={"summary": None, "value": 93.5})

    posted = await client.post(WEBHOOK, json=make_message(odd))

    assert posted.json() == {
        "accepted": 1,
        "rejected": [],
        "repaired": [
            {
                "index": 0,
                "code": "annotation_dropped",
                "detail": "An annotation is null, or its name is too long.",
            },
            {
                "index": 0,
                "code": "annotation_converted",
                "detail": "The value of an annotation is not a text.",
            },
        ],
    }
    alert = await read(client, "a")
    assert (alert["status"], alert["annotations"]) == ("resolved", {"value": "93.5"})
    assert [row.repaired for row in await intake.rows("delivery")] == [0, 1]


HOSTILE = {
    "alertname": "<script>alert(1)</script>",
    "format": "{0.__class__} %s ${jndi:ldap://x} {{ 7*7 }}",
    "sql": "'; DROP TABLE alert; --",
    "array": '{"a",NULL}',
    "backslashes": "\\\\ \\u0041 \\n",
    "controls": "\x01\x1f\x7f\r\n\t",
    "unicode": "\u202e\ufeff\U0001f525 e\u0301 \uffff",
    "empty": "",
    "": "an empty name",
    "long": "x" * 16384,
    "app.kubernetes.io/name": "s" * 300,
}


async def test_hostile_labels_are_kept_as_they_are(client: httpx2.AsyncClient) -> None:
    message = make_message(make_alert("f", labels=HOSTILE, annotations=HOSTILE))

    posted = await client.post(WEBHOOK, json=message)

    alert = await read(client, "f")
    assert posted.json() == {"accepted": 1, "rejected": []}
    assert (alert["labels"], alert["annotations"]) == (HOSTILE, HOSTILE)
    assert alert["service"] == "s" * 255


async def test_a_truncated_group_does_not_resolve_what_it_does_not_show(
    client: httpx2.AsyncClient, intake: Intake
) -> None:
    # As recorded from a real Alertmanager with max_alerts: the group says resolved, and two of
    # the three alerts that it does not show are still firing.
    await client.post(WEBHOOK, json=make_message(*(make_alert(f) for f in "abcd")))
    message = make_message(make_alert("a", status="resolved"), status="resolved", truncatedAlerts=3)

    await client.post(WEBHOOK, json=message)

    firing = (await client.get("/api/v1/alerts?status=firing")).json()["items"]
    assert sorted(item["fingerprint"] for item in firing) == ["b", "c", "d"]
    assert [row.truncated_alerts for row in await intake.rows("delivery")] == [0, 3]


async def test_integrations_may_deliver_the_same_fingerprint(
    client: httpx2.AsyncClient, session: AsyncSession
) -> None:
    _, token_a = await make_integration(session, "cluster-a")
    _, token_b = await make_integration(session, "cluster-b")
    await session.commit()

    for token in (token_a, token_b, token_b):
        await client.post(WEBHOOK, json=make_message(make_alert("f")), headers=bearer(token))
    resolved = make_message(make_alert("f", status="resolved"))
    await client.post(WEBHOOK, json=resolved, headers=bearer(token_a))

    a, b = await read(client, "f", "cluster-a"), await read(client, "f", "cluster-b")
    assert (a["status"], a["times_seen"]) == ("resolved", 2)
    assert (b["status"], b["times_seen"]) == ("firing", 2)


async def test_a_fingerprint_with_a_slash_can_be_read(client: httpx2.AsyncClient) -> None:
    await client.post(WEBHOOK, json=make_message(make_alert("grafana/7:a%b")))

    assert (await read(client, "grafana%2F7:a%25b"))["fingerprint"] == "grafana/7:a%b"


async def test_fifty_identical_requests_at_once_are_one_episode_seen_fifty_times(
    client: httpx2.AsyncClient, intake: Intake
) -> None:
    message = make_message(*make_group(20))

    posted = await asyncio.gather(*(client.post(WEBHOOK, json=message) for _ in range(50)))

    assert [response.status_code for response in posted] == [200] * 50
    assert {row.times_seen for row in await intake.rows("alert")} == {50}
    assert len(await intake.rows("open_episode")) == 20
    assert len(await intake.rows("delivery")) == 50


async def test_overlapping_groups_in_opposite_orders_do_not_deadlock(
    client: httpx2.AsyncClient, intake: Intake
) -> None:
    group = list(make_group(200))
    orders = [group, group[::-1], group[100:] + group[:100], group[::3] + group[1::3]]

    posted = await asyncio.gather(
        *(client.post(WEBHOOK, json=make_message(*order)) for order in orders * 5)
    )

    assert [response.status_code for response in posted] == [200] * 20
    times = [row.times_seen for row in await intake.rows("alert")]
    assert sum(times) == sum(len(order) for order in orders * 5)


REFUSED = {
    "not JSON": (b"alerts!", 400, "malformed_json"),
    "another message": (b'{"version":"4","alert":{}}', 422, "not_alertmanager_message"),
}


@pytest.mark.parametrize(("body", "status", "code"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_body_that_is_no_message_is_a_clear_4xx_and_leaves_a_trace(
    client: httpx2.AsyncClient, intake: Intake, body: bytes, status: int, code: str
) -> None:
    refused = await client.post(WEBHOOK, content=body)

    (delivery,) = await intake.rows("delivery")
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.headers["content-type"] == "application/problem+json"
    assert (delivery.refusal, delivery.accepted, delivery.rejected) == (code, 0, 0)
    assert delivery.evidence == body[:16384]


async def test_a_body_over_the_limit_is_too_large(
    client: httpx2.AsyncClient, settings: Settings, intake: Intake
) -> None:
    """Its sender is recorded, whether it says the length or not, or says nonsense."""
    size = settings.max_body_bytes + 1

    async def pieces() -> AsyncIterator[bytes]:
        yield b" " * (size - 1)
        yield b" "

    sent: list[tuple[bytes | AsyncIterator[bytes], dict[str, str]]] = [
        (b" " * size, {}),
        (pieces(), {}),
        (b"", {"Content-Length": "9" * 5000}),
    ]
    for content, headers in sent:
        refused = await client.post(WEBHOOK, content=content, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")

    records = await intake.rows("delivery")
    assert [row.refusal for row in records] == ["body_too_large"] * 3
    assert [row.body_bytes for row in records] == [size, size - 1, 2**63 - 1]
    assert [len(row.evidence) for row in records] == [0, 16 * 1024, 0]


async def test_a_stranger_learns_nothing_about_a_body_over_the_limit(app: FastAPI) -> None:
    async with client_of(app) as stranger:
        refused = await stranger.post(WEBHOOK, headers={"Content-Length": str(10**10)})
    assert refused.status_code == 401


def zstd_with_window(log: int, body: bytes) -> bytes:
    """Compress without saying the size: a decoder must have the whole window."""
    how: dict[int, int] = {zstd.CompressionParameter.window_log: log}
    stream = zstd.ZstdCompressor(options=how)
    return stream.compress(body, stream.FLUSH_BLOCK) + stream.flush()


COMPRESSED = {
    "gzip": ("gzip", gzip.compress),
    "upper case": ("GZIP", gzip.compress),
    "two members": ("x-gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
    "deflate": ("deflate", zlib.compress),
    "zstd": ("zstd", zstd.compress),
    "two frames": ("zstd", lambda body: zstd.compress(body[:9]) + zstd.compress(body[9:])),
    "the largest window": ("zstd", lambda body: zstd_with_window(23, body)),
    "identity": ("identity", bytes),
}


@pytest.mark.parametrize(("encoding", "compress"), COMPRESSED.values(), ids=COMPRESSED.keys())
async def test_a_compressed_body_is_stored(
    client: httpx2.AsyncClient, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    body = compress(json.dumps(make_message(*make_group(3000))).encode())

    posted = await client.post(WEBHOOK, content=body, headers={"Content-Encoding": encoding})

    assert posted.json() == {"accepted": 3000, "rejected": []}


UNREADABLE = {
    "another encoding": ("br", b"x", 415, "unsupported_encoding"),
    "two encodings": ("gzip, gzip", b"x", 415, "unsupported_encoding"),
    "not gzip": ("gzip", b"{}", 422, "invalid_request"),
    "cut short": ("gzip", gzip.compress(b"{}")[:-3], 422, "invalid_request"),
    "not zstd": ("zstd", b"{}", 422, "invalid_request"),
    "zstd cut short": ("zstd", zstd.compress(b"{}" * 99_999)[:-3], 422, "invalid_request"),
    "a window of 16 MiB": ("zstd", zstd_with_window(24, b"{}"), 422, "invalid_request"),
    "too large in zstd": ("zstd", zstd.compress(b" " * 40_000_000), 413, "body_too_large"),
    "too large": ("gzip", gzip.compress(b" " * 40_000_000), 413, "body_too_large"),
}


@pytest.mark.parametrize(
    ("encoding", "body", "status", "code"), UNREADABLE.values(), ids=UNREADABLE.keys()
)
async def test_a_body_that_cannot_be_decompressed_is_a_clear_4xx(
    client: httpx2.AsyncClient, encoding: str, body: bytes, status: int, code: str
) -> None:
    refused = await client.post(WEBHOOK, content=body, headers={"Content-Encoding": encoding})

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    if status == 415:
        assert refused.json()["detail"].endswith("compressed with gzip, deflate or zstd.")
        assert refused.headers["accept-encoding"] == "gzip, deflate, zstd"


async def test_encodings_of_several_headers_are_a_list(client: httpx2.AsyncClient) -> None:
    both = [("Content-Encoding", "identity"), ("Content-Encoding", "gzip")]
    refused = await client.post(WEBHOOK, content=gzip.compress(b"{}"), headers=both)

    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_encoding")


async def test_a_large_body_that_waits_too_long_for_its_turn_is_told_to_come_back(
    app: FastAPI, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "WAIT_SECONDS", 0.01)
    large = b" " * (LARGE_BODY_BYTES + 1)

    async with app.state.large_bodies._lock:
        refused = await client.post(WEBHOOK, content=large)
        small = await client.post(WEBHOOK, json=make_message(make_alert()))

    assert (refused.status_code, refused.json()["code"]) == (503, "intake_busy")
    assert "retry-after" in refused.headers
    assert small.status_code == 200


async def test_an_envelope_with_a_nul_costs_no_alert(
    client: httpx2.AsyncClient, intake: Intake
) -> None:
    message = make_message(make_alert("f"), groupKey="a\x00b", receiver="r" * 1000)

    posted = await client.post(WEBHOOK, content=json.dumps(message).encode())

    (delivery,) = await intake.rows("delivery")
    assert posted.json() == {"accepted": 1, "rejected": []}
    assert delivery.group_key == "a\N{REPLACEMENT CHARACTER}b"
    assert len(delivery.receiver) == 256
