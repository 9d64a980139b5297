"""Alerts sent for as long as a drill lasts, and a number that is read all the time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from e2e.drills.drill import Checks
from e2e.platform.deployed import Deployed

# Longer than any drill: a load that ends before its drill does not see the drill's end.
_LIMIT_SECONDS = 1500
_BEFORE = 50  # requests while nothing happens yet
_JOIN_SECONDS = 130  # longer than a kubectl that does not answer


@contextmanager
def sampled(read: Callable[[], int], *, every: float) -> Iterator[list[int]]:
    """Give the readings, of which there is at least one; one that failed is raised at the end."""
    readings, stop = [read()], threading.Event()
    errors: list[Exception] = []

    def work() -> None:
        try:
            while not stop.wait(every):
                readings.append(read())
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits for it
            errors.append(error)

    thread = threading.Thread(target=work, name="sampled", daemon=True)
    thread.start()
    try:
        yield readings
    finally:
        stop.set()
        thread.join(_JOIN_SECONDS)
    if errors:
        raise errors[0]


class Watched:
    """A context: inside it alerts are sent; after it `checks` has the figures."""

    def __init__(self, platform: Deployed, checks: Checks, *, rate: float = 20) -> None:
        self._platform = platform
        self._checks = checks
        self._alerts = platform.alerts()
        self.load = platform.load(self._alerts, rate=rate, limit_seconds=_LIMIT_SECONDS)

    def __enter__(self) -> Self:
        self.load.__enter__()
        self.more(_BEFORE)
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self.load.__exit__(kind, error, traceback)
        report = self.load.report
        self._checks.note(requests=report.requests, failed_requests=report.failed)
        if report.failures:
            self._checks.note(kinds=report.kinds)
        if error is None:
            lost = self._alerts.lost(self._platform.url)
            self._checks.note(accepted=len(self._alerts.accepted), accepted_lost=len(lost))
            self._checks.require(not lost, f"{len(lost)} alerts were accepted and are not there")

    def more(self, requests: int) -> None:
        """Wait for that many further requests."""
        self.load.wait_for(self.load.report.requests + requests)

    def failed_before(self, moment: float) -> int:
        """Requests that failed and began before a moment (epoch)."""
        return sum(failure.at < moment for failure in self.load.report.failures)

    def served_between(self, begin: float, end: float) -> float:
        """Share of the requests begun between two moments (epoch) that were served; 1 of none."""
        begun = sum(begin <= at <= end for at in self.load.report.begun)
        failed = sum(begin <= failure.at <= end for failure in self.load.report.failures)
        return 1 - failed / begun if begun else 1.0

    def require_none_failed(self, at_least: int = 0) -> None:
        """Of as many requests as the drill owes; call it after the context."""
        figures = self._checks.figures
        failed, requests = self.load.report.failed, self.load.report.requests
        self._checks.require(
            not failed, f"{failed} of {requests} requests failed: {figures.get('kinds')}"
        )
        self._checks.require(
            requests >= at_least, f"only {requests} requests were sent, not {at_least}"
        )
