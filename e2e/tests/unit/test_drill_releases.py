"""What the drills of releases and of the password look at turns red when it should."""

import json
import time
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from e2e.drills import database, edits, releases
from e2e.drills.drill import Checks, DrillFailed
from e2e.drills.watched import Watched, _Timed
from e2e.load.load import Failed, Report, Traffic
from e2e.platform.platform import Platform

NEW = "2.0.7"


def _pod(uid: str, tag: str, *, leaving: bool = False) -> Mapping[str, Any]:
    metadata = {"uid": uid} | ({"deletionTimestamp": "now"} if leaving else {})
    return {"metadata": metadata, "spec": {"containers": [{"image": f"registry/backend:{tag}"}]}}


def _answering(revision: str, columns: str = "1") -> SimpleNamespace:
    """Give a database that has that revision."""
    return SimpleNamespace(
        settings=SimpleNamespace(database="observability"),
        sql=lambda statement, **_: revision if "alembic" in statement else columns,
    )


def _platform(
    *pods: Mapping[str, Any],
    tags: Sequence[str] = (),
    running: str = NEW,
    server: SimpleNamespace | None = None,
) -> Platform:
    """Give one whose release had those tags, the last of which runs."""
    history = [
        {"revision": number, "status": "superseded", "app_version": "0.1.0"}
        for number, _ in enumerate(tags, 1)
    ]

    class Kubectl:
        def __call__(self, *_: str) -> str:
            return f"registry/backend:{running}"

        def items(self, *_: str) -> Sequence[Mapping[str, Any]]:
            return pods

    def helm(what: str, *arguments: str) -> str:
        if what == "history":
            return json.dumps(history)
        number = int(arguments[-1].rpartition("=")[2])
        return json.dumps({"image": {"tag": tags[number - 1]}} if tags[number - 1] else None)

    platform = SimpleNamespace(
        cluster=SimpleNamespace(kubectl=Kubectl()),
        helm=helm,
        world=SimpleNamespace(postgres=server),
    )
    return cast("Platform", platform)


def test_all_pods_are_new_and_run_the_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "_ROLLED_SECONDS", 0.1)
    before = {"a": "0.1.0"}
    good = _platform(_pod("b", NEW), _pod("a", "0.1.0", leaving=True))
    releases._require_rolled(good, Checks(), before, NEW)
    for pods in ([], [_pod("a", NEW)], [_pod("b", "0.1.0")], [_pod("b", NEW), _pod("c", "0.1.0")]):
        with pytest.raises(DrillFailed, match="not all pods are new and run"):
            releases._require_rolled(_platform(*pods), Checks(), before, NEW)


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        (["", NEW], (1, "0.1.0")),
        (["1.0", "1.1", NEW, NEW], (2, "1.1")),
        ([NEW], None),
    ],
    ids=["the chart's", "the newest other", "none"],
)
def test_the_way_back_leads_to_an_exact_tag(
    tags: Sequence[str], wanted: tuple[int, str] | None
) -> None:
    assert releases._revision_before(_platform(tags=tags)) == wanted


def test_a_migration_that_did_not_run_is_missed() -> None:
    revision = edits.additive_revision()
    assert f"backend/migrations/versions/{revision}_e2e.py" in edits.additive_migration()
    releases._require_migrated(_platform(server=_answering(revision)), Checks(), "it")
    with pytest.raises(DrillFailed, match=f"revision {revision} is not in the database"):
        releases._require_migrated(_platform(server=_answering("0002")), Checks(), "it")
    with pytest.raises(DrillFailed, match=f"revision {revision} is not in the database"):
        releases._require_migrated(_platform(server=_answering(revision, "0")), Checks(), "it")


def test_each_run_has_a_tag_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    first = releases._new_tag()
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    assert first != releases._new_tag()


def _watched(begun: Sequence[float], *failures: Failed) -> Watched:
    watched = object.__new__(Watched)
    watched._timed = _Timed(cast("Traffic", None))
    watched._timed.begun = list(begun)
    watched.load = cast("Any", SimpleNamespace(report=Report(len(begun), list(failures))))
    return watched


def test_the_share_that_was_served_is_that_of_a_window() -> None:
    watched = _watched(range(100), Failed(10, "timeout"), Failed(11, "timeout"), Failed(50, "x"))
    assert watched.served_between(10, 13) == 0.5
    assert watched.served_between(200, 300) == 1


def _rotation(
    *failures: Failed, cut: int = 5, restarts: int = 0, begun: Sequence[float] = range(1000, 1400)
) -> None:
    checks = Checks()
    checks.note(connections_cut=cut, restarts=restarts)
    watched = _watched(begun, *failures)
    database._require_rotation(checks, watched, rotated=1100, cut=1200, mounted=1300)


def test_a_rotation_may_fail_for_want_of_a_connection_until_the_file_is_mounted() -> None:
    _rotation(*(Failed(at, "status 503") for at in range(1196, 1305)))


@pytest.mark.parametrize(
    ("failures", "others", "message"),
    [
        ([Failed(1250, "timeout")], {}, "not only 503"),
        ([Failed(1050, "status 503")], {}, "before the password was changed"),
        ([Failed(at, "status 503") for at in range(1100, 1150)], {}, "only 50% were served"),
        ([Failed(1311, "status 503")], {}, "503 until 11.0 s after"),
        ([], {"cut": 0}, "no open connection"),
        ([], {"restarts": 1}, "1 restarts"),
    ],
    ids=["kind", "early", "open connections", "late", "none cut", "restarts"],
)
def test_a_rotation_that_costs_more_fails(
    failures: Sequence[Failed], others: Mapping[str, int], message: str
) -> None:
    with pytest.raises(DrillFailed, match=message):
        _rotation(*failures, **others)  # type: ignore[arg-type]


def test_the_time_of_the_rotation_is_the_databases_last_change() -> None:
    def call(op: str, type_: str, at: float, error: str = "") -> SimpleNamespace:
        return SimpleNamespace(op=op, type=type_, at=at, error=error)

    rds = "aws:rds/instance:Instance"
    ledger = [call("update", rds, 90), call("update", "aws:x", 120), call("create", rds, 121)]
    platform = SimpleNamespace(world=SimpleNamespace(ledger=lambda: ledger))
    with pytest.raises(DrillFailed, match="changed no database"):
        database._rotated_at(cast("Platform", platform), 100, Checks())
    ledger.append(call("update", rds, 110))
    assert database._rotated_at(cast("Platform", platform), 100, Checks()) == 110
