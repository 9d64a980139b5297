"""Drills of the program alone turn red for what they are there to see."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import cast

import pytest

from e2e.deploy.engine.checkpoint import Checkpoint, Pending, Recorded
from e2e.deploy.engine.result import Operation, Result
from e2e.drills import interrupted, looks, stack
from e2e.drills.drill import DrillFailed
from e2e.platform.platform import Platform
from e2e.platform.pods import Pod

URN = "urn:pulumi:e2e::observability-platform::"
IN_ORDER = (
    "kubernetes:helm.sh/v3:Release",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:rds/instance:Instance",
    "eks:index:Cluster",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
)
TYPE = "aws:t"
WEBHOOKS = "mutatingwebhookconfigurations,validatingwebhookconfigurations"
RDS, NODES = "aws:rds/instance:Instance", "aws:eks/nodeGroup:NodeGroup"


def _result(
    changes: Mapping[str, int], types: Sequence[str] = (), *, op: str = "delete", text: str = ""
) -> Result:
    operations = tuple(Operation(op, f"{URN}{type_}::a", type_) for type_ in types)
    return Result(ok=True, changes=changes, seconds=1.5, text=text, operations=operations)


def _state(*names: str, pending: Sequence[str] = ()) -> Checkpoint:
    return Checkpoint(
        tuple(Recorded(f"{URN}{TYPE}::{name}", TYPE, f"id-{name}") for name in names),
        tuple(Pending("creating", f"{URN}{type_}::a") for type_ in pending),
    )


def _there(*names: str) -> list[SimpleNamespace]:
    return [SimpleNamespace(type=TYPE, name=name, id=f"id-{name}") for name in names]


class _Platform:
    """Stands for a platform whose engine, cloud and cluster answer what a test gives."""

    def __init__(
        self,
        *results: Result,
        states: Sequence[Checkpoint] = (),
        clouds: Sequence[list[SimpleNamespace]] = (),
        left: Mapping[str, str] | None = None,
    ) -> None:
        self._results, self._states, self._clouds = iter(results), iter(states), iter(clouds)
        self._left = left or {}
        self.cluster = SimpleNamespace(kubectl=self._kubectl)
        self.kills = 0
        self.faults: list[str] = []
        self.engine = self.world = self

    def _next(self, *, ok: bool | None = True) -> Result:
        del ok
        return next(self._results)

    preview = up = refresh = destroy = repair = _next

    def _kubectl(self, _get: str, kind: str, *_: str, check: bool = True) -> str:
        del check
        return self._left.get(kind, "")

    def helm(self, *arguments: str) -> str:
        return self._left.get(f"helm {arguments[0]}", "")

    def start_up(self) -> SimpleNamespace:
        return SimpleNamespace(running=True, kill=self._kill)

    def _kill(self) -> float:
        self.kills += 1
        return 0.0

    def checkpoint(self) -> Checkpoint:
        return next(self._states, Checkpoint())

    def resources(self) -> list[SimpleNamespace]:
        return next(self._clouds, [])

    def fail(self, op: str, pattern: str) -> None:
        self.faults.append(f"fail {op} {pattern}")

    def slow(self, op: str, pattern: str, _seconds: float) -> None:
        self.faults.append(f"slow {op} {pattern}")

    def heal(self) -> None:
        self.faults.append("heal")


def _as_platform(platform: _Platform) -> Platform:
    return cast("Platform", platform)


def test_a_preview_gives_its_figures() -> None:
    platform = _Platform(_result({"create": 101}))
    assert stack.preview(_as_platform(platform)) == {"resources": 101, "seconds": 1.5}


def test_a_preview_that_makes_something_fails() -> None:
    platform = _Platform(_result({"create": 101}), clouds=[_there("vpc")])
    with pytest.raises(DrillFailed, match="a preview made 1 resources"):
        stack.preview(_as_platform(platform))


def test_a_preview_of_a_stack_that_is_not_empty_fails() -> None:
    platform = _Platform(_result({"create": 100, "same": 1}))
    with pytest.raises(DrillFailed, match="not only create"):
        stack.preview(_as_platform(platform))


A, B = looks.BOTH_ZONES


def _pods(*zones: str) -> list[Pod]:
    return [Pod(f"api-{zone}", f"uid-{zone}", zone, True, False, 0, "") for zone in zones]


def test_up_waits_for_the_autoscalers_second_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([_pods(A), _pods(A), _pods(A, B)])
    last: list[list[Pod]] = []

    def pods() -> list[Pod]:
        last[:] = [next(seen, *last)]
        return last[0]

    platform = cast("Platform", SimpleNamespace(pods=pods))
    assert 0 < stack._seconds_until_both_zones(platform) < 30
    monkeypatch.setattr(stack, "_BOTH_ZONES_SECONDS", 0.1)
    for alone in (_pods(A), _pods(A, A), _pods("")):
        platform = cast("Platform", SimpleNamespace(pods=lambda alone=alone: alone))
        with pytest.raises(DrillFailed, match="API pods are ready in both zones"):
            stack._seconds_until_both_zones(platform)


def test_nothing_changed() -> None:
    same = _result({"same": 101})
    assert stack.up_again(_as_platform(_Platform(same))) == {"changes": 0}
    assert stack.refresh(_as_platform(_Platform(same, same))) == {"changes": 0}


def test_a_second_up_that_changes_something_fails_with_its_name() -> None:
    changed = _result({"same": 100, "update": 1}, ["aws:ec2/vpc:Vpc"], op="update")
    with pytest.raises(DrillFailed, match="changed: update a") as failed:
        stack.up_again(_as_platform(_Platform(changed)))
    assert failed.value.figures == {"changes": 1}
    with pytest.raises(DrillFailed, match="changed"):
        stack.refresh(_as_platform(_Platform(_result({"same": 101}), changed)))


def test_a_destroy_in_order_that_leaves_nothing_passes() -> None:
    platform = _Platform(_result({"delete": 7}, IN_ORDER))
    assert stack.destroy(_as_platform(platform)) == {"resources_left": 0, "deleted": 7}


@pytest.mark.parametrize(
    ("first", "then"), [(0, 3), (1, 4), (2, 5), (3, 4), (5, 6)], ids=lambda number: f"{number}"
)
def test_a_destroy_in_another_order_fails(first: int, then: int) -> None:
    types = [*IN_ORDER]
    types.insert(first, types.pop(then))
    with pytest.raises(DrillFailed, match="went before"):
        stack.destroy(_as_platform(_Platform(_result({"delete": 7}, types))))


@pytest.mark.parametrize(
    ("platform", "message"),
    [
        ({"clouds": [_there("database")]}, "left: aws:t database"),
        ({"states": [_state("vpc")]}, "left: .*vpc"),
        ({"left": {"namespace": "namespace/x"}}, "the namespace .* still .*: namespace/x"),
        ({"left": {"helm list": "backend\naws\n"}}, "releases .*: backend, aws"),
        ({"left": {"storageclass": "gp3"}}, "storage class .*: gp3"),
        ({"left": {WEBHOOKS: "webhook/aws"}}, "webhooks .*: webhook/aws"),
        ({"left": {"targetgroupbindings.elbv2.k8s.aws": "b/backend"}}, "bindings .*: b/backend"),
    ],
    ids=["cloud", "state", "namespace", "release", "storage class", "webhook", "binding"],
)
def test_a_destroy_that_leaves_something_fails(
    platform: Mapping[str, object], message: str
) -> None:
    result = _result({"delete": 7}, IN_ORDER)
    with pytest.raises(DrillFailed, match=message):
        stack.destroy(_as_platform(_Platform(result, **platform)))  # type: ignore[arg-type]


HALF, WHOLE = ("vpc",), ("vpc", "backend-release")


def _failing(*, cloud: Sequence[str] = HALF, text: str = NODES, after: str = "create") -> _Platform:
    half, whole = _state(*HALF), _state(*WHOLE)
    return _Platform(
        _result({"create": 1}, text=text),
        _result({after: 1, "same": 1}),
        states=[half, half, whole, whole],
        clouds=[_there(*cloud), _there(*WHOLE)],
    )


def test_a_failed_up_goes_on() -> None:
    platform = _failing()
    assert interrupted.up_fails(_as_platform(platform)) == {"pending": 0, "resources": 1}
    assert platform.faults == [f"fail create {NODES}", "heal"]


@pytest.mark.parametrize(
    ("platform", "message"),
    [
        (_failing(cloud=("vpc", "orphan")), r"1 resources are not in the state: aws:t .id-orphan"),
        (_failing(cloud=()), r"1 resources are not in the cloud: aws:t .id-vpc"),
        (_failing(text="error"), "does not name what failed"),
        (_failing(after="replace"), "did not only add"),
    ],
    ids=["orphan", "ghost", "silent", "replaces"],
)
def test_a_failed_up_that_leaves_questions_fails(platform: _Platform, message: str) -> None:
    with pytest.raises(DrillFailed, match=message):
        interrupted.up_fails(_as_platform(platform))


def _killed(
    *, open_: Sequence[str] = (RDS,), cloud: Sequence[str] = WHOLE, text: str = "pulumi cancel"
) -> _Platform:
    half, whole = _state(*HALF, pending=open_), _state(*WHOLE)
    seen = _state(*HALF, pending=[RDS])
    return _Platform(
        _result({}, text=text),
        _result({"create": 1}),
        states=[seen, half, whole, whole],
        clouds=[_there(*cloud)],
    )


def test_a_killed_engine_is_recovered_from() -> None:
    platform = _killed()
    assert interrupted.engine_killed(_as_platform(platform)) == {"pending": 1, "resources": 1}
    assert platform.faults == [f"slow create {RDS}", "heal"]


@pytest.mark.parametrize(
    ("platform", "message"),
    [
        (_killed(open_=()), "shows as pending only"),
        (_killed(text="no"), "how to unlock"),
        (_killed(cloud=(*WHOLE, "second")), "1 resources are not in the state: aws:t .id-second"),
    ],
    ids=["not pending", "not locked", "twice"],
)
def test_a_killed_engine_that_leaves_something_fails(platform: _Platform, message: str) -> None:
    with pytest.raises(DrillFailed, match=message):
        interrupted.engine_killed(_as_platform(platform))


def test_an_engine_that_cannot_be_watched_is_killed_and_the_cloud_healed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    platform = _killed()

    def unreadable() -> Checkpoint:
        raise OSError("the state cannot be read")

    monkeypatch.setattr(platform, "checkpoint", unreadable)
    with pytest.raises(OSError, match="cannot be read"):
        interrupted.engine_killed(_as_platform(platform))
    assert platform.kills == 1
    assert platform.faults[-1] == "heal"
