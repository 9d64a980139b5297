"""The migration is a hook: it runs before the release's objects, with what exists before them."""

import pytest

from tests.support.chart import Tree, ci_values, merged, render

JOB = ("Job", "backend-migrate")


def _job(changes: Tree | None = None) -> Tree:
    return render(merged(ci_values(), changes or {}))[JOB]


def test_it_is_always_a_hook_before_install_and_upgrade() -> None:
    """Conditional annotations would hand the Job between release and hooks, and leave orphans."""
    for case in ("default", "production", "fixed-replicas"):
        annotations = render(ci_values(case))[JOB]["metadata"]["annotations"]
        assert annotations["helm.sh/hook"] == "pre-install,pre-upgrade"
        assert annotations["helm.sh/hook-delete-policy"] == "before-hook-creation"


def test_no_other_object_but_the_test_is_a_hook() -> None:
    hooks = {
        key: item["metadata"]["annotations"]["helm.sh/hook"]
        for key, item in render(ci_values("production")).objects.items()
        if "helm.sh/hook" in item["metadata"].get("annotations", {})
    }
    assert hooks == {JOB: "pre-install,pre-upgrade", ("Pod", "backend-test"): "test"}


def test_it_needs_no_object_of_the_chart() -> None:
    rendered = render(ci_values())
    ours = {
        name for kind, name in rendered.objects if kind in {"ConfigMap", "Secret", "ServiceAccount"}
    }
    pod = rendered[JOB]["spec"]["template"]["spec"]
    assert "serviceAccountName" not in pod
    [container] = pod["containers"]
    assert "envFrom" not in container
    assert not [variable for variable in container["env"] if "valueFrom" in variable]
    named = {volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
    assert named == {"backend-database", "backend-auth"}
    assert not named & ours


def test_it_has_the_settings_of_the_pods_that_follow() -> None:
    rendered = render(ci_values("production"))
    [container] = rendered[JOB]["spec"]["template"]["spec"]["containers"]
    inline = {variable["name"]: variable["value"] for variable in container["env"]}
    assert rendered["ConfigMap", "backend"]["data"].items() <= inline.items()
    assert inline.keys() - rendered["ConfigMap", "backend"]["data"].keys() == {
        "BACKEND_DATABASE_PASSWORD_FILE",
        "BACKEND_ADMIN_TOKEN_FILE",
        "BACKEND_INGEST_TOKEN_FILE",
        "BACKEND_DISCOVERY_TOKEN_FILE",
    }


def test_it_ends_before_helm_gives_up() -> None:
    job = _job()["spec"]
    assert job["activeDeadlineSeconds"] < 600, "the timeout of `make release`"
    assert job["backoffLimit"] == 1
    assert job["ttlSecondsAfterFinished"] == 86400
    assert job["template"]["spec"]["restartPolicy"] == "Never"


@pytest.mark.parametrize("enabled", [True, False])
def test_it_can_be_left_to_something_else(enabled: bool) -> None:
    rendered = render(merged(ci_values(), {"migrations": {"enabled": enabled}}))
    assert (JOB in rendered.objects) == enabled
    assert ("WARNING: migrations.enabled is false" in rendered.notes) != enabled
