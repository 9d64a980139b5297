"""Decisions of the stand-in; e2e/tests/machine/test_kubernetes_provider.py holds them to the real one."""  # noqa: E501

import json
from typing import Any

import pytest
from pulumi.runtime.rpc import UNKNOWN

from e2e.deploy.cloud.fake_kubernetes import objects, releases
from e2e.deploy.cloud.fake_kubernetes.differences import (
    RELEASE,
    SECRET,
    Difference,
    three_way,
    two_way,
)
from e2e.deploy.cloud.fake_kubernetes.wire import has_unknowns, plain, struct

PLACE = {"metadata": {"name": "a", "namespace": "b"}}


def test_what_only_the_state_has_is_no_change_of_a_release() -> None:
    inputs = {"values": {"replicas": 2}}
    assert not list(three_way(inputs, inputs, {"values": {"replicas": 2, "image": {"tag": "x"}}}))


def test_a_release_is_compared_with_the_state_and_not_with_the_last_inputs() -> None:
    inputs = {"values": {"image": {"tag": "programs"}}}
    state = {"values": {"image": {"tag": "released"}}}
    assert list(three_way(inputs, inputs, state)) == ["values.image.tag"]


def test_what_the_program_no_longer_gives_is_a_change_of_a_release() -> None:
    old, state = {"values": {"a": 1, "b": 2}}, {"values": {"a": 1, "b": 2}}
    assert list(three_way(old, {"values": {"a": 1}}, state)) == ["values.b"]


@pytest.mark.parametrize(("mutable", "replaces"), [(True, ()), (False, ("stringData.password",))])
def test_a_secret_is_replaced_unless_it_is_mutable(
    mutable: bool, replaces: tuple[str, ...]
) -> None:
    old, new = ({"stringData": {"password": text}} | PLACE for text in ("one", "two"))
    found = Difference.of(SECRET, two_way(old, new), secret_mutable=mutable)
    assert found.paths == ("stringData.password",)
    assert found.replaces == replaces


def test_another_name_needs_another_object() -> None:
    moved = {"metadata": {"name": "a", "namespace": "c"}}
    found = Difference.of("kubernetes:a.b/v1:C", two_way(PLACE, moved), secret_mutable=True)
    assert found.replaces == ("metadata.namespace",)
    release = Difference.of(
        RELEASE, iter(["namespace", "nameOfOthers", "values.name"]), secret_mutable=True
    )
    assert release.replaces == ("namespace",)


def test_a_change_of_annotations_is_made_in_place() -> None:
    annotated = {"metadata": PLACE["metadata"] | {"annotations": {"namespace": "x"}}}
    found = Difference.of("kubernetes:a.b/v1:C", two_way(PLACE, annotated), secret_mutable=True)
    assert found.paths == ("metadata.annotations",)
    assert not found.replaces


def test_whole_numbers_stay_whole_on_the_wire() -> None:
    assert json.dumps(plain(struct({"port": 80, "list": [1, 0.5]}))) == (
        '{"list": [1, 0.5], "port": 80}'
    )
    assert has_unknowns({"a": [{"b": UNKNOWN}]})
    assert not has_unknowns({"a": ["b"]})


def live_secret(password: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a", "namespace": "b", "uid": "1"},
        "data": {"password": password},
    }


def test_a_secret_that_somebody_changed_is_drift_of_what_the_program_wrote() -> None:
    inputs = {"stringData": {"password": "mine"}, "metadata": {"name": "a"}}
    assert objects.inputs_of(live_secret("bWluZQ=="), inputs) == inputs
    drifted = objects.inputs_of(live_secret("b3RoZXI="), inputs)
    assert drifted["stringData"] == {"password": "other"}


def test_an_import_takes_what_the_author_wrote() -> None:
    assert objects.inputs_of(live_secret("bWluZQ=="), {})["metadata"] == {
        "name": "a",
        "namespace": "b",
    }


def test_names_are_not_made_up() -> None:
    assert objects.checked({"metadata": {}})[0][0] == "metadata.name"
    assert releases.checked(None, {"chart": "c"})[0][0] == "name"
    assert releases.checked(None, {"name": "n", "chart": "c", "keyring": "k"}) == [
        ("keyring", "is not known to the stand-in")
    ]
