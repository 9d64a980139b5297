"""Settings travel as text in the ConfigMap, secrets as files, each to who needs it."""

from pathlib import Path

import pytest

from tests.support.chart import CI_FILES, Key, Tree, ci_values, default_values, load, merged, render

_NEEDED: dict[Key, set[str]] = {
    ("Deployment", "backend"): {"database", "session-key"},
    ("Deployment", "backend-worker"): {"database"},
    ("Job", "backend-migrate"): {"database", "admin-token"},
    ("Pod", "backend-test"): set(),
}


def _data(changes: Tree | None = None) -> Tree:
    data: Tree = render(merged(ci_values(), changes or {}))["ConfigMap", "backend"]["data"]
    return data


def test_numbers_are_written_as_people_write_them() -> None:
    assert _data()["BACKEND_MAX_BODY_BYTES"] == "33554432"
    for ratio in (0, 0.25):
        data = _data({"config": {"traceSampleRatio": ratio}})
        assert data["BACKEND_TRACE_SAMPLE_RATIO"] == str(ratio)


def test_an_empty_value_leaves_the_backends_default() -> None:
    assert "BACKEND_OTLP_ENDPOINT" not in _data()


def test_hostile_text_stays_text() -> None:
    name = 'a"b: {{ .x }}\n- c'
    assert _data({"config": {"environment": name}})["BACKEND_ENVIRONMENT"] == name


def test_each_pod_mounts_the_secrets_that_it_needs_and_no_other() -> None:
    for key, pod in render(ci_values()).pods():
        volumes = {
            volume["name"]: volume["secret"]
            for volume in pod["spec"].get("volumes", [])
            if "secret" in volume
        }
        assert set(volumes) == _NEEDED[key], key
        # Owner and group may read them.
        assert {secret["defaultMode"] for secret in volumes.values()} <= {0o440}, key


@pytest.mark.parametrize(
    ("file", "secret_key"),
    [("ingest-token", "alertmanager-token"), ("discovery-token", "discovery-token")],
)
def test_the_migration_alone_gets_the_tokens_of_monitoring_where_there_are_some(
    file: str, secret_key: str
) -> None:
    getting = {
        key: volume["secret"]
        for key, pod in render(ci_values("production")).pods()
        for volume in pod["spec"].get("volumes", [])
        if volume["name"] == file
    }
    assert getting.keys() == {("Job", "backend-migrate")}
    [secret] = getting.values()
    assert secret["secretName"] == "backend-auth"
    assert secret["items"] == [{"key": secret_key, "path": file}]


def test_a_secret_is_a_directory_that_follows_a_rotation() -> None:
    """A file mounted by subPath keeps the old password until the pod restarts."""
    for key, pod in render(ci_values()).pods():
        for container in pod["spec"]["containers"]:
            mounts = {mount["name"]: mount for mount in container.get("volumeMounts", [])}
            assert not [mount for mount in mounts.values() if "subPath" in mount], key
            for name in _NEEDED[key]:
                assert mounts[name]["mountPath"] == f"/etc/backend/{name}"
                assert mounts[name]["readOnly"] is True


def test_every_file_that_a_setting_names_is_mounted() -> None:
    for key, pod in render(ci_values("minimal")).pods():
        files = {
            f"/etc/backend/{volume['name']}/{item['path']}"
            for volume in pod["spec"].get("volumes", [])
            for item in volume.get("secret", {}).get("items", [])
        }
        [container] = pod["spec"]["containers"]
        named = {v["value"] for v in container.get("env", []) if v["name"].endswith("_FILE")}
        assert named == files, key


def test_secret_keys_are_the_users_to_name() -> None:
    pod = dict(render(ci_values("minimal")).pods())["Deployment", "control-plane"]
    [secret] = [
        volume["secret"] for volume in pod["spec"]["volumes"] if volume["name"] == "database"
    ]
    assert secret["secretName"] == "backend"
    assert secret["items"] == [{"key": "database-password", "path": "password"}]


@pytest.mark.parametrize("path", CI_FILES, ids=lambda path: path.stem)
def test_the_chart_makes_no_secret_and_reads_none_into_the_environment(path: Path) -> None:
    rendered = render(load(path))
    assert not [key for key in rendered.objects if key[0] == "Secret"]
    for key, pod in rendered.pods():
        for container in pod["spec"]["containers"]:
            assert not [v for v in container.get("env", []) if "valueFrom" in v], key
            assert not [
                source for source in container.get("envFrom", []) if "secretRef" in source
            ], key


def test_no_value_can_hold_a_secret() -> None:
    """Names of Secrets and of their keys only: what is in values is in the release, in clear."""

    def names(values: Tree) -> set[str]:
        nested = {
            name for value in values.values() if isinstance(value, dict) for name in names(value)
        }
        return set(values) | nested

    suspicious = {
        name
        for name in names(default_values())
        if any(word in name.lower() for word in ("password", "token", "secret", "key"))
    }
    assert suspicious == {
        "existingSecret",
        "imagePullSecrets",
        "passwordKey",
        "adminTokenKey",
        "ingestTokenKey",
        "discoveryTokenKey",
        "sessionKeyKey",
    }
