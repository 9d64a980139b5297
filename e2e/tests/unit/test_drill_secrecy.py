"""The search for secrets finds what it must, in each encoding."""

import base64
import gzip
import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from urllib.parse import quote

import pytest

from e2e.cluster.paths import Paths
from e2e.deploy.engine.stacks import Stack
from e2e.drills import evidence
from e2e.drills.drill import DrillFailed
from e2e.drills.secrecy import Keeper
from e2e.drills.spellings import found_in, spellings
from e2e.platform.platform import Platform

SECRET = 'pass/word+with "all" & more?'
SECRETS = {"database password": SECRET}


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_it_is_found_inside_a_longer_text_in_base64(
    before: int, after: int, encode: object
) -> None:
    assert callable(encode)
    content = encode(b"x" * before + SECRET.encode() + b"y" * after)
    assert found_in(b"data: " + content, SECRETS) == ["database password"]


@pytest.mark.parametrize(
    "content",
    [
        f"psql postgresql://u:{SECRET}@host/db",
        f"GET /?token={quote(SECRET, safe='')}",
        json.dumps({"password": SECRET}),
        base64.b64encode(SECRET.encode()).decode(),
    ],
    ids=["bytes", "url", "json", "base64"],
)
def test_it_is_found_as_programs_write_it(content: str) -> None:
    assert found_in(content.encode(), SECRETS) == ["database password"]


def test_alone_it_deploys_what_it_searches(tmp_path: Path) -> None:
    platform = _platform(tmp_path)
    ups: list[int] = []

    def up() -> None:
        ups.append(1)
        engine.deployed = True

    engine = cast("_Engine", platform.engine)
    engine.deployed = False
    engine.up = up
    assert Keeper().search(platform)["secrets"] == 3
    assert ups == [1]


def test_what_is_not_there_is_not_found() -> None:
    others = [SECRET[1:], SECRET.upper(), base64.b64encode(b"another secret").decode()]
    assert found_in("\n".join(others).encode(), SECRETS) == []


def test_no_spelling_is_so_short_that_chance_would_find_it() -> None:
    assert min(len(spelling) for spelling in spellings("twelve-chars")) >= 11


class _Engine:
    def __init__(self, state: Path) -> None:
        self.workspace = SimpleNamespace(passphrase=state / "passphrase")
        self.workspace.passphrase.write_text("a passphrase of the state")

        self.deployed = True
        self.up = lambda: None

    def checkpoint(self) -> SimpleNamespace:
        names = ["backend-release"] if self.deployed else []
        return SimpleNamespace(resources=[SimpleNamespace(name=name) for name in names], pending=[])

    def outputs(self) -> dict[str, str]:
        return {"url": "http://127.0.0.1:1"}


class _Kubectl:
    """A cluster with two Secrets, a Helm release, and objects that are given."""

    def __init__(self, objects: str, release: str, logs: str) -> None:
        self._answers = {"get": objects, "logs": logs}
        self._release = base64.b64encode(base64.b64encode(gzip.compress(release.encode())))

    def __call__(self, command: str, *arguments: str, check: bool = True) -> str:
        del check
        if "secrets" in arguments:
            item = {"metadata": {"name": "v1"}, "data": {"release": self._release.decode()}}
            return json.dumps({"items": [item]})
        return self._answers[command]

    def get(self, _kind: str, name: str, _namespace: str) -> dict[str, object]:
        secret = base64.b64encode(f"secret in {name}".encode()).decode()
        # Grafana's, whose user is no secret and shorter than one.
        user = base64.b64encode(b"admin").decode()
        return {
            "data": {"admin-user": user, "admin-password": secret}
            if "grafana" in name
            else {"key": secret}
        }


def _platform(
    state: Path, *, objects: str = "{}", release: str = "{}", logs: str = "{}"
) -> Platform:
    kubectl = _Kubectl(objects, release, logs)
    paths = Paths(state)
    cluster = SimpleNamespace(kubectl=kubectl, paths=paths)
    return cast(
        "Platform", SimpleNamespace(cluster=cluster, engine=_Engine(state), stack=Stack.PLATFORM)
    )


def test_the_monitoring_stacks_secrets_are_searched_too(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    leaked = _platform(state, logs="secret in grafana-admin")
    leaked.stack = Stack.OBSERVABILITY
    with pytest.raises(
        DrillFailed, match=r"found: grafana-admin/admin-password .* in logs of pods"
    ):
        Keeper().search(leaked)
    assert Keeper().search(_platform(state, logs="secret in grafana-admin"))["found"] == 0


def test_a_clean_platform_passes_with_what_was_searched(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("nothing\n")
    figures = Keeper().search(_platform(tmp_path))
    assert figures["found"] == 0
    assert figures["secrets"] == 3
    assert figures["searched_bytes"] == len("{}") * 3 + len('{"url": "http://127.0.0.1:1"}') + 8


@pytest.mark.parametrize("place", ["objects", "release", "logs"])
def test_a_secret_in_the_cluster_is_found(tmp_path: Path, place: str) -> None:
    platform = _platform(tmp_path, **{place: '{"env": "secret in backend-database"}'})
    with pytest.raises(DrillFailed, match=r"found: backend-database/key \(1\) in ") as failed:
        Keeper().search(platform)
    assert failed.value.figures["found"] == 1
    assert "secret in" not in str(failed.value)


@pytest.mark.parametrize(
    "name", ["engine/state/history.json", "logs/engine.log", "nodes/node-a/log/kubelet.log"]
)
def test_a_secret_in_a_file_is_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text("a passphrase of the state")
    with pytest.raises(DrillFailed, match=f"in {tmp_path / name}"):
        Keeper().search(_platform(tmp_path))


@pytest.mark.parametrize("name", ["etcd/db", "nodes/node-b/lib/kubelet/pods/token", "pki/key"])
def test_where_secrets_belong_is_not_searched(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text("a passphrase of the state")
    assert Keeper().search(_platform(tmp_path))["found"] == 0


def test_a_secret_of_an_earlier_drill_is_not_forgotten(tmp_path: Path) -> None:
    keeper = Keeper()
    keeper.learn("old password", "the password before the rotation")
    (tmp_path / "log").write_text("the password before the rotation")
    with pytest.raises(DrillFailed, match="old password"):
        keeper.search(_platform(tmp_path))


def test_what_could_be_seen_earlier_is_searched_too(tmp_path: Path) -> None:
    keeper = Keeper()
    keeper.collect(_platform(tmp_path, logs="secret in backend-auth"))
    with pytest.raises(DrillFailed, match="in logs of pods"):
        keeper.search(_platform(tmp_path))


def test_a_word_is_no_secret() -> None:
    with pytest.raises(DrillFailed, match="pin has 4 characters"):
        Keeper().learn("pin", "1234")


def test_files_where_secrets_belong_are_spared(tmp_path: Path) -> None:
    for name in ("pki/key", "log/engine", "etcd/data"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(name)
    (tmp_path / "link").symlink_to(tmp_path / "pki")
    spared = frozenset({tmp_path / "pki", tmp_path / "etcd"})
    found = dict(evidence.of_files(tmp_path, spared))
    assert found == {str(tmp_path / "log" / "engine"): b"log/engine"}
