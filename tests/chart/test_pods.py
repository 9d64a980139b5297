"""What all pods have in common: Pod Security "restricted", bounded memory, no token."""

import pytest

from tests.support.chart import (
    CHART,
    CI_FILES,
    Key,
    Rendered,
    Tree,
    ci_values,
    load,
    merged,
    render,
)

_RENDERED = {path.name.removesuffix("-values.yaml"): path for path in CI_FILES}
_PODS = [
    (case, key) for case, path in sorted(_RENDERED.items()) for key, _ in render(load(path)).pods()
]


# By their containers' names; all others parse bodies.
_WITHOUT_BODIES = {"ready": "64Mi", "exporter": "96Mi"}


def _pod(case: str, key: Key) -> Tree:
    return dict(render(load(_RENDERED[case])).pods())[key]


@pytest.fixture(params=_PODS, ids=lambda param: f"{param[0]}-{'-'.join(param[1])}")
def pod(request: pytest.FixtureRequest) -> Tree:
    return _pod(*request.param)


def test_it_meets_the_restricted_standard(pod: Tree) -> None:
    spec = pod["spec"]
    assert not [
        name for name in ("hostNetwork", "hostPID", "hostIPC", "initContainers") if name in spec
    ]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == spec["securityContext"]["fsGroup"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert {kind for volume in spec.get("volumes", []) for kind in volume.keys() - {"name"}} <= {
        "secret",
        "emptyDir",
    }
    assert spec["automountServiceAccountToken"] is False
    # A Service called `backend` would set BACKEND_PORT: an unknown setting, which is refused.
    assert spec["enableServiceLinks"] is False
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert not [port for port in container.get("ports", []) if "hostPort" in port]


def test_its_cpu_is_not_bounded_and_its_memory_holds_the_largest_body_twice(pod: Tree) -> None:
    for container in pod["spec"]["containers"]:
        memory = _WITHOUT_BODIES.get(container["name"], "512Mi")
        assert container["resources"]["limits"] == {"memory": memory}
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}


def test_an_absent_resource_group_leaves_no_empty_field() -> None:
    rendered = render(merged(ci_values(), {"resources": {"limits": None, "requests": None}}))
    assert (
        "resources"
        not in rendered["Deployment", "backend"]["spec"]["template"]["spec"]["containers"][0]
    )


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ({}, "registry/backend:{app_version}"),
        ({"tag": "1.10"}, "registry/backend:1.10"),
        ({"digest": "sha256:" + "0" * 64}, "registry/backend@sha256:" + "0" * 64),
        ({"tag": "1.10", "digest": "sha256:" + "0" * 64}, "registry/backend@sha256:" + "0" * 64),
    ],
    ids=["the chart's appVersion by default", "tag", "digest", "the digest wins"],
)
def test_all_pods_run_the_same_image(image: Tree, reference: str) -> None:
    reference = reference.format(app_version=load(CHART / "Chart.yaml")["appVersion"])
    rendered = render(merged(ci_values(), {"image": {"repository": "registry/backend", **image}}))
    assert _images(rendered) == {reference}


def _images(rendered: Rendered) -> set[str]:
    return {
        container["image"] for _, pod in rendered.pods() for container in pod["spec"]["containers"]
    }


def test_pod_labels_and_annotations_reach_every_running_pod() -> None:
    for key, pod in render(ci_values("production")).pods():
        if key[0] == "Pod":
            continue
        assert pod["metadata"]["labels"]["team"] == "platform", key
        assert pod["metadata"]["annotations"]["example.com/secret-version"] == "2", key


def test_scheduling_values_reach_every_pod() -> None:
    for key, pod in render(ci_values("production")).pods():
        spec = pod["spec"]
        assert spec["priorityClassName"] == "platform", key
        assert spec["nodeSelector"] == {"kubernetes.io/arch": "amd64"}, key
        assert {
            "key": "dedicated",
            "operator": "Equal",
            "value": "platform",
            "effect": "NoSchedule",
        } in spec["tolerations"], key
        assert spec["imagePullSecrets"] == [{"name": "registry"}], key
