"""Drills of the program alone turn red for what they are there to see."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import cast

import pytest

from e2e.deploy.engine.checkpoint import Checkpoint, Recorded
from e2e.deploy.engine.result import Operation, Result
from e2e.drills import stack
from e2e.drills.drill import DrillFailed
from e2e.platform.platform import Platform

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


def _result(changes: Mapping[str, int], types: Sequence[str] = (), *, op: str = "delete") -> Result:
    operations = tuple(Operation(op, f"{URN}{type_}::a", type_) for type_ in types)
    return Result(ok=True, changes=changes, seconds=1.5, text="", operations=operations)


def _state(*names: str) -> Checkpoint:
    return Checkpoint(
        tuple(Recorded(f"{URN}{TYPE}::{name}", TYPE, f"id-{name}") for name in names),
        (),
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
        self.engine = self.world = self

    def _next(self, *, ok: bool | None = True) -> Result:
        del ok
        return next(self._results)

    preview = up = refresh = destroy = _next

    def _kubectl(self, _get: str, kind: str, *_: str, check: bool = True) -> str:
        del check
        return self._left.get(kind, "")

    def helm(self, *arguments: str) -> str:
        return self._left.get(f"helm {arguments[0]}", "")

    def checkpoint(self) -> Checkpoint:
        return next(self._states, Checkpoint())

    def resources(self) -> list[SimpleNamespace]:
        return next(self._clouds, [])


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
