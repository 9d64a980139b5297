"""What went through the entrance: every request is counted, of every failure it is known why."""

import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field

_REMEMBERED_FAILURES = 10_000


@dataclass(frozen=True, slots=True)
class Failure:
    at: float  # seconds since the epoch, when the request came in
    status: int
    reason: str
    target: str


@dataclass(slots=True)
class Counts:
    requests: int = 0
    failed: int = 0  # answered with 500 and more, by the target or in its place
    statuses: Counter[int] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    targets: Counter[str] = field(default_factory=Counter)
    failures: deque[Failure] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_FAILURES))

    def record(self, *, started: float, status: int, reason: str, target: str) -> None:
        self.requests += 1
        self.statuses[status] += 1
        if target:
            self.targets[target] += 1
        if status >= 500:
            self.failed += 1
            self.reasons[reason] += 1
            self.failures.append(Failure(started, status, reason, target))

    def as_json(self) -> dict[str, object]:
        return {
            "time": time.time(),
            "requests": self.requests,
            "failed": self.failed,
            "statuses": dict(self.statuses),
            "reasons": dict(self.reasons),
            "targets": dict(self.targets),
            "failures": [asdict(failure) for failure in self.failures],
        }
