"""Reading bodies: one large one at a time, and none forever."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fastapi import Request

from backend.alerts.errors import BodyTooSlow, IncompleteBody, IntakeBusy
from backend.alerts.intake import room
from backend.alerts.intake.body import LargeBodies
from backend.alerts.intake.limits import LARGE_BODY_BYTES, SMALL_BODIES_BYTES

Receive = Callable[[], Awaitable[dict[str, object]]]


def request_of(receive: Receive, length: int | None) -> Request:
    headers = [] if length is None else [(b"content-length", str(length).encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def sends(*parts: bytes) -> Receive:
    messages = [
        {"type": "http.request", "body": part, "more_body": number < len(parts)}
        for number, part in enumerate(parts, start=1)
    ]

    async def receive() -> dict[str, object]:
        return messages.pop(0)

    return receive


async def never() -> dict[str, object]:
    await asyncio.Event().wait()
    return {}


async def disconnects() -> dict[str, object]:
    return {"type": "http.disconnect"}


@pytest.mark.parametrize("length", [6, None, LARGE_BODY_BYTES + 1])
async def test_a_body_is_the_sum_of_its_parts(length: int | None) -> None:
    request = request_of(sends(b"abc", b"", b"def"), length)

    async with LargeBodies().body_of(request) as body:
        assert bytes(body) == b"abcdef"


async def test_large_bodies_take_turns_and_small_ones_pass() -> None:
    bodies = LargeBodies()
    order: list[str] = []
    first_may_end = asyncio.Event()

    async def first() -> None:
        async with bodies.body_of(request_of(sends(b"x"), LARGE_BODY_BYTES + 1)):
            order.append("first begins")
            await first_may_end.wait()
            order.append("first ends")

    async def second() -> None:
        async with bodies.body_of(request_of(sends(b"x"), None)):
            order.append("second begins")

    async def small() -> None:
        async with bodies.body_of(request_of(sends(b"x"), LARGE_BODY_BYTES)):
            order.append("small")
        first_may_end.set()

    await asyncio.gather(first(), second(), small())

    assert order == ["first begins", "small", "first ends", "second begins"]


async def test_who_waits_too_long_is_told_to_come_back_and_the_turn_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "WAIT_SECONDS", 0.01)
    bodies = LargeBodies()

    async with bodies.body_of(request_of(sends(b"x"), None)):
        with pytest.raises(IntakeBusy):
            async with bodies.body_of(request_of(sends(b"y"), None)):
                pytest.fail("It is not its turn.")

    async with bodies.body_of(request_of(sends(b"z"), None)) as body:
        assert bytes(body) == b"z"


async def test_a_sender_that_trickles_gives_up_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "READ_SECONDS", 0.01)
    bodies = LargeBodies()

    with pytest.raises(BodyTooSlow):
        async with bodies.body_of(request_of(never, None)):
            pytest.fail("There is no body.")

    async with bodies.body_of(request_of(sends(b"z"), None)) as body:
        assert bytes(body) == b"z"


async def test_small_bodies_wait_for_room_in_the_order_of_their_arrival() -> None:
    bodies = LargeBodies()
    admitted: list[int] = []
    leave = [asyncio.Event() for _ in range(12)]

    async def deliver(number: int) -> None:
        async with bodies.body_of(request_of(sends(b"x"), LARGE_BODY_BYTES)):
            admitted.append(number)
            await leave[number].wait()

    async with asyncio.TaskGroup() as group:
        for number in range(12):
            group.create_task(deliver(number))
        await asyncio.sleep(0.05)
        first = list(admitted)
        for event in leave:
            event.set()
            await asyncio.sleep(0.01)

    assert first == list(range(SMALL_BODIES_BYTES // LARGE_BODY_BYTES))
    assert admitted == list(range(12))


async def test_who_is_slow_makes_room_for_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "HURRY_SECONDS", 0.05)
    bodies = LargeBodies()

    async def slow() -> None:
        async with bodies.body_of(request_of(never, LARGE_BODY_BYTES)):
            pytest.fail("There is no body.")

    hostile = [asyncio.create_task(slow()) for _ in range(8)]
    await asyncio.sleep(0)
    async with bodies.body_of(request_of(sends(b"z"), LARGE_BODY_BYTES)) as body:
        assert bytes(body) == b"z"

    ends = await asyncio.gather(*hostile, return_exceptions=True)
    assert {type(end) for end in ends} == {BodyTooSlow}


async def test_who_finds_no_room_in_time_is_told_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bodies = LargeBodies()
    monkeypatch.setattr(room, "WAIT_SECONDS", 0.01)

    async with bodies.body_of(request_of(sends(b"x"), LARGE_BODY_BYTES)):
        with monkeypatch.context() as full:
            full.setattr(bodies._room, "_free", 0)
            with pytest.raises(IntakeBusy):
                async with bodies.body_of(request_of(sends(b"y"), 1)):
                    pytest.fail("There is no room.")
    assert not bodies._room._waiting


async def test_a_sender_that_goes_away_is_no_failure_of_ours() -> None:
    with pytest.raises(IncompleteBody):
        async with LargeBodies().body_of(request_of(disconnects, 3)):
            pytest.fail("There is no body.")


@pytest.mark.parametrize("error", [IntakeBusy, BodyTooSlow])
def test_what_can_succeed_later_is_503_because_alertmanager_repeats_only_5xx(
    error: type[IntakeBusy | BodyTooSlow],
) -> None:
    assert error.status == 503
