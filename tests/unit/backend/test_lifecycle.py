"""How long a process that is about to stop still takes requests."""

from backend.http.lifecycle import LONGEST_SECONDS, QUIET_SECONDS, Draining


def test_draining_ends_when_no_request_has_come_for_a_moment() -> None:
    draining = Draining()
    draining.begin(100)

    assert not draining.is_over(100 + QUIET_SECONDS / 2)
    assert draining.is_over(100 + QUIET_SECONDS)


def test_each_request_prolongs_it() -> None:
    draining = Draining()
    draining.begin(100)
    draining.last_request_at = 100.9

    assert not draining.is_over(100 + QUIET_SECONDS)
    assert draining.is_over(100.9 + QUIET_SECONDS)


def test_requests_without_end_do_not_keep_it_from_ending() -> None:
    draining = Draining()
    draining.begin(100)
    draining.last_request_at = 100 + LONGEST_SECONDS

    assert draining.is_over(100 + LONGEST_SECONDS)
