"""Whatever the decoration, and however it is compressed, PostgreSQL takes the alert."""

import gzip
import zlib
from collections.abc import Callable
from random import Random

import httpx2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.decoration import ANYTHING, DECORATIONS, ENVELOPES, members, objects
from tests.support.parsed import raw_alert

WEBHOOK = "/api/v1/webhooks/alertmanager"
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}
LINKS = st.tuples(
    st.sampled_from([b"generatorURL", b"dashboardURL", b"silenceURL"]),
    st.sampled_from(
        [b'"http://a/\\u0000?g0.expr=%00x"', b'"/graph?g0.expr=%00%ff%ed%a0%80"', b'"http://\xff"']
    )
    | ANYTHING,
)


@given(
    ENVELOPES,
    DECORATIONS,
    st.lists(LINKS, max_size=2),
    objects(ANYTHING),
    st.integers(0, 99),
    st.sampled_from(sorted(COMPRESSIONS)),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_odd_bytes_are_stored_and_odd_labels_cost_only_their_alert(
    client: httpx2.AsyncClient,
    envelope: list[tuple[bytes, bytes]],
    decoration: list[tuple[bytes, bytes]],
    links: list[tuple[bytes, bytes]],
    labels: bytes,
    seed: int,
    encoding: str,
) -> None:
    odd = [(b"status", b'"firing"'), (b"fingerprint", b'"odd"'), *decoration, *links]
    Random(seed).shuffle(odd)  # noqa: S311  # an order, no secret
    alerts = [members((b"labels", b'{"a":"b"}'), *odd), members((b"labels", labels), *odd)]
    around = [*envelope, (b"alerts", b"[%b,%b,%b]" % (raw_alert(), *alerts))]
    Random(seed).shuffle(around)  # noqa: S311  # as above

    posted = await client.post(
        WEBHOOK,
        content=COMPRESSIONS[encoding](members(*around)),
        headers={"Content-Encoding": encoding},
    )

    assert posted.status_code == 200, posted.text
    answer = posted.json()
    assert [rejected["index"] for rejected in answer["rejected"]] in ([], [2])
    assert answer["accepted"] == 3 - len(answer["rejected"])
