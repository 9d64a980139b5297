"""Who decides about a trace, and what its spans are called."""

from collections.abc import Iterator

import pytest

from backend.telemetry import spans, tracing
from backend.telemetry.export import OtlpTraces
from backend.telemetry.tracing import MAX_OPERATIONS, Trail
from tests.support.settings import make_settings

CALLER, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture(params=[0.0, 1.0])
def traces(request: pytest.FixtureRequest) -> Iterator[OtlpTraces]:
    settings = make_settings(otlp_endpoint="http://127.0.0.1:9")
    made = OtlpTraces(settings, service="backend", ratio=request.param)
    yield made
    made.shutdown()


@pytest.mark.parametrize("flags", ["00", "01"])
def test_a_caller_decides_whatever_the_ratio(traces: OtlpTraces, flags: str) -> None:
    trail = traces.begin(f"00-{CALLER}-{SPAN}-{flags}")

    assert (trail.trace_id, trail.parent_span_id) == (CALLER, int(SPAN, 16))
    assert trail.sampled is (flags == "01")


@pytest.mark.parametrize(
    "traceparent",
    [None, "", "rubbish", f"00-{'0' * 32}-{SPAN}-01", f"ff-{CALLER}-{SPAN}-01", f"00-{CALLER}-01"],
)
def test_without_a_caller_that_can_be_understood_a_trace_begins(
    traces: OtlpTraces, traceparent: str | None
) -> None:
    one, other = traces.begin(traceparent), traces.begin(traceparent)

    assert one.parent_span_id is None
    assert len(one.trace_id) == 32
    assert len({one.trace_id, other.trace_id, CALLER}) == 3


def test_the_ratio_is_that_of_the_settings() -> None:
    traces = OtlpTraces(
        make_settings(otlp_endpoint="http://127.0.0.1:9"), service="backend", ratio=0.1
    )
    sampled = sum(traces.begin().sampled for _ in range(5000))
    traces.shutdown()

    assert 350 < sampled < 650  # seven standard deviations


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("SELECT id, name\nFROM token\nLEFT JOIN integration ON true", "SELECT token"),
        ("SELECT count(*) FROM pgqueuer.pgqueuer", "SELECT pgqueuer"),
        ("WITH a AS (SELECT 1 FROM b) INSERT INTO alert AS a (x) SELECT 1", "INSERT alert"),
        ("UPDATE alert AS a SET x = 1 FROM unnest($1::text[])", "UPDATE alert"),
        ("WITH c AS (DELETE FROM open_episode AS o) SELECT 1 FROM c", "DELETE open_episode"),
        ("SELECT 1", "SELECT"),
        ("COMMIT", "COMMIT"),
        ("CREATE TABLE delivery_20261101 PARTITION OF delivery", "CREATE"),
    ],
)
def test_a_statement_is_called_after_what_it_changes_or_reads(statement: str, name: str) -> None:
    assert spans.describe(statement)[0] == name


def test_outside_of_a_request_nothing_is_noted() -> None:
    with tracing.timed("SELECT 1"):
        pass
    tracing.unexpected(RuntimeError())

    assert tracing.trail() is None
    assert tracing.trace_id() is None
    assert tracing.exemplar(failed=True) is None


def test_a_trail_ends_where_it_was_begun_and_notes_a_limited_number_of_things() -> None:
    trail = Trail("0" * 32, sampled=False)
    with tracing.leaving(trail):
        for number in range(MAX_OPERATIONS + 3):
            with tracing.timed(str(number)):
                pass

    assert tracing.trail() is None
    assert len(trail.operations) == MAX_OPERATIONS
    assert trail.omitted == 3


def test_only_kept_traces_are_exemplars() -> None:
    with tracing.leaving(Trail("a" * 32, sampled=False)):
        assert tracing.exemplar(failed=False) is None
        assert tracing.exemplar(failed=True) == {"trace_id": "a" * 32}
    with tracing.leaving(Trail("a" * 32, sampled=True)):
        assert tracing.exemplar(failed=False) == {"trace_id": "a" * 32}
