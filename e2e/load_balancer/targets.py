"""The targets of a group and their states, as AWS documents them. No input or output here."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from e2e.load_balancer.target_group import HealthCheck


class Address(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class State(StrEnum):
    INITIAL = "initial"  # registered, first health check not passed yet
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    DRAINING = "draining"  # deregistered: gets nothing new, may finish what it has


@dataclass(slots=True)
class Target:
    address: Address
    state: State = State.INITIAL
    requests: int = 0
    passed: int = 0  # health checks in a row
    failed: int = 0

    def observe(self, check: HealthCheck, *, passed: bool) -> None:
        """Take one health check's result into account."""
        self.passed, self.failed = (self.passed + 1, 0) if passed else (0, self.failed + 1)
        if self.state is State.DRAINING:
            return
        # A new target needs one good check; the healthy threshold is for one that was unhealthy.
        needed = 1 if self.state is State.INITIAL else check.healthy_threshold
        if self.passed >= needed:
            self.state = State.HEALTHY
        elif self.failed >= check.unhealthy_threshold:
            self.state = State.UNHEALTHY


class TargetSet:
    """Who is registered, and whose turn it is."""

    def __init__(self) -> None:
        self._targets: dict[Address, Target] = {}
        self._turn = 0

    def __iter__(self) -> Iterator[Target]:
        return iter(list(self._targets.values()))

    def register(self, address: Address) -> Target | None:
        """Add a target, or take a draining one back in; None when it is registered already."""
        known = self._targets.get(address)
        if known is not None and known.state is not State.DRAINING:
            return None
        target = Target(address)
        self._targets[address] = target
        return target

    def drain(self, address: Address) -> Target | None:
        """Stop sending new requests; None when there is nothing to stop."""
        target = self._targets.get(address)
        if target is None or target.state is State.DRAINING:
            return None
        target.state = State.DRAINING
        return target

    def forget(self, target: Target) -> None:
        """Drop a drained target, unless its address was registered anew meanwhile."""
        if self._targets.get(target.address) is target:
            del self._targets[target.address]

    def registered(self) -> set[Address]:
        return {target.address for target in self if target.state is not State.DRAINING}

    def choose(self) -> Target | None:
        """Take the next healthy target in turn; with none healthy, any: an ALB fails open."""
        candidates = [target for target in self if target.state is State.HEALTHY]
        candidates = candidates or [target for target in self if target.state is not State.DRAINING]
        if not candidates:
            return None
        self._turn += 1
        chosen = candidates[self._turn % len(candidates)]
        chosen.requests += 1
        return chosen
