"""`pulumi up` upgrades with the release's values and without new defaults: a key may be absent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.chart import (
    OPERATOR_KINDS,
    Tree,
    chart_copy,
    check_shape,
    ci_values,
    default_values,
    render,
    without,
)

_COMPLETE = {case: render(ci_values(case)) for case in ("default", "fixed-replicas", "production")}


def _paths(values: Tree, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in values.items():
        yield (*path, name)
        if isinstance(value, dict):
            yield from _paths(value, (*path, name))


def _check(tmp_path: Path, defaults: Tree, case: str) -> None:
    rendered = render(ci_values(case), chart=chart_copy(tmp_path, defaults=defaults))
    for key, item in rendered.objects.items():
        if item != _COMPLETE[case].objects.get(key) and key[0] not in OPERATOR_KINDS:
            check_shape(item, "1.36")
        assert "<nil>" not in str(item), key
        assert "<no value>" not in str(item), key
    assert "<nil>" not in rendered.notes


@pytest.mark.parametrize("path", list(_paths(default_values())), ids=".".join)
def test_a_key_that_an_older_chart_did_not_have_may_be_absent(
    path: tuple[str, ...], tmp_path: Path
) -> None:
    _check(tmp_path, without(default_values(), path), "default")


@pytest.mark.parametrize("case", sorted(_COMPLETE))
def test_all_of_them_may_be_absent(case: str, tmp_path: Path) -> None:
    _check(tmp_path, {}, case)


def test_the_copy_really_lacks_the_key(tmp_path: Path) -> None:
    """Guard: with the chart's own defaults the tests above could not fail."""
    chart = chart_copy(tmp_path, defaults=without(default_values(), ("autoscaling",)))
    assert ("HorizontalPodAutoscaler", "backend") not in render(ci_values(), chart=chart).objects
    assert ("HorizontalPodAutoscaler", "backend") in render(ci_values()).objects


def test_absent_numbers_fall_back_to_the_documented_ones(tmp_path: Path) -> None:
    chart = chart_copy(tmp_path, defaults={"autoscaling": {"enabled": True}})
    old, new = render(ci_values(), chart=chart), render(ci_values())
    assert old["HorizontalPodAutoscaler", "backend"] == new["HorizontalPodAutoscaler", "backend"]
    old_pod, new_pod = (r["Deployment", "backend"]["spec"]["template"]["spec"] for r in (old, new))
    for name in (
        "terminationGracePeriodSeconds",
        "tolerations",
        "topologySpreadConstraints",
        "volumes",
    ):
        assert old_pod[name] == new_pod[name]
    assert old_pod["containers"][0]["command"] == new_pod["containers"][0]["command"]
    assert old_pod["containers"][0]["lifecycle"] == new_pod["containers"][0]["lifecycle"]
