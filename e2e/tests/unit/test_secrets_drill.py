"""The drill `secrets` finds a secret wherever it must not be, in each encoding."""

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from urllib.parse import quote

import pytest

from e2e.cluster.paths import Paths
from e2e.deploy.engine.stacks import Stack
from e2e.drills.drill import Checks, DrillFailed
from e2e.drills.secrecy.search import Keeper
from e2e.drills.secrecy.spellings import found_in
from e2e.platform.platform import Platform

SECRET = 'pass/word+with "all" & more?'
PASSPHRASE = "a passphrase of the state"


@pytest.mark.parametrize("before", range(3))
@pytest.mark.parametrize("after", range(3))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_it_is_found_inside_a_longer_text_in_base64(
    before: int, after: int, encode: Callable[[bytes], bytes]
) -> None:
    content = encode(b"x" * before + SECRET.encode() + b"y" * after)
    assert found_in(b"data: " + content, {"password": SECRET}) == ["password"]


@pytest.mark.parametrize("text", [SECRET, quote(SECRET, safe=""), json.dumps(SECRET)])
def test_it_is_found_as_programs_write_it(text: str) -> None:
    assert found_in(f"before {text} after".encode(), {"password": SECRET}) == ["password"]


class _Kubectl:
    """A cluster whose Secrets name themselves, with objects, a Helm release and logs."""

    def __init__(self, objects: str, release: str, logs: str) -> None:
        self._answers = {"get": objects, "logs": logs}
        packed = base64.b64encode(base64.b64encode(gzip.compress(release.encode())))
        item = {"metadata": {"name": "v1"}, "data": {"release": packed.decode()}}
        self._releases = json.dumps({"items": [item]})

    def __call__(self, command: str, *arguments: str, **_: object) -> str:
        return self._releases if "secrets" in arguments else self._answers[command]

    def get(self, _kind: str, name: str, _namespace: str) -> dict[str, object]:
        secret = base64.b64encode(f"secret in {name}".encode()).decode()
        return {"data": {"admin-password" if "grafana" in name else "key": secret}}


def _platform(state: Path, stack: Stack = Stack.PLATFORM, /, **shown: str) -> Platform:
    passphrase = state / "passphrase"
    passphrase.write_text(PASSPHRASE)
    engine = SimpleNamespace(
        workspace=SimpleNamespace(passphrase=passphrase),
        outputs=lambda: {"url": "http://127.0.0.1:1"},
    )
    kubectl = _Kubectl(**{"objects": "{}", "release": "{}", "logs": ""} | shown)
    cluster = SimpleNamespace(kubectl=kubectl, paths=Paths(state))
    return cast(
        "Platform",
        SimpleNamespace(
            cluster=cluster, kubectl=cluster.kubectl, engine=engine, stack=stack, is_deployed=True
        ),
    )


@pytest.mark.parametrize("place", ["objects", "release", "logs"])
def test_a_secret_in_the_cluster_is_found_and_not_repeated(tmp_path: Path, place: str) -> None:
    platform = _platform(tmp_path, **{place: '{"env": "secret in backend-database"}'})
    with pytest.raises(DrillFailed, match=r"found: backend-database/key \(1\) in ") as failed:
        Keeper().search(platform, Checks())
    assert "secret in" not in str(failed.value)


def test_the_monitoring_stacks_secrets_are_searched_too(tmp_path: Path) -> None:
    leaked = _platform(tmp_path, Stack.OBSERVABILITY, logs="secret in grafana-admin")
    with pytest.raises(DrillFailed, match=r"grafana-admin/admin-password .* in logs of pods"):
        Keeper().search(leaked, Checks())


@pytest.mark.parametrize(
    ("name", "is_searched"),
    [
        ("engine/state/history.json", True),
        ("logs/engine.log", True),
        ("nodes/node-a/log/kubelet.log", True),
        ("etcd/db", False),
        ("nodes/node-b/lib/kubelet/pods/token", False),
        ("pki/key", False),
    ],
)
def test_files_are_searched_but_where_secrets_belong(
    tmp_path: Path, name: str, is_searched: bool
) -> None:
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text(PASSPHRASE)
    platform = _platform(tmp_path)
    if is_searched:
        with pytest.raises(DrillFailed, match=f"in {tmp_path / name}"):
            Keeper().search(platform, Checks())
    else:
        checks = Checks()
        Keeper().search(platform, checks)
        assert (checks.figures["found"], checks.figures["secrets"]) == (0, 3)


def test_a_secret_of_an_earlier_drill_is_not_forgotten(tmp_path: Path) -> None:
    keeper = Keeper()
    keeper.learn("old password", "the password before the rotation")
    (tmp_path / "log").write_text("the password before the rotation")
    with pytest.raises(DrillFailed, match="old password"):
        keeper.search(_platform(tmp_path), Checks())


def test_what_could_be_seen_earlier_is_searched_too(tmp_path: Path) -> None:
    keeper = Keeper()
    keeper.collect(_platform(tmp_path, logs="secret in backend-auth"))
    with pytest.raises(DrillFailed, match="in logs of pods"):
        keeper.search(_platform(tmp_path), Checks())
