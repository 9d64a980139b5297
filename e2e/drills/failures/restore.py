"""The database lost, and brought back by the setting `database.restoreFrom`."""

import time

from e2e.deploy.engine.workspace import put_back
from e2e.drills.drill import Checks
from e2e.load.load import Report
from e2e.load.traffic import Alerts
from e2e.platform.deployed import Deployed
from e2e.platform.platform import Platform

_ALERTS = 200
_RATE = 40
_SETTING = "database.restoreFrom"
_BEFORE = "before-16"
_Rows = list[list[str]]  # table, number of rows, digest of them
_TABLES = ("alert", "open_episode", "episode")
_ROWS = "SELECT '{0}', count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {0} t"


def postgres_upgrade(platform: Platform, checks: Checks) -> None:
    """A new major, and the way back from it by the snapshot from before.

    The restored database stands beside the one that it replaces until the backend has moved to it.
    The fake RDS refuses what RDS refuses of versions, but upgrades no data.
    """
    _deliver(platform)
    before = _rows(platform)
    platform.world.snapshot(_BEFORE)
    engine = platform.engine
    engine.set("database.version", "16")
    _require_refused(platform, checks, "database.allowMajorUpgrade is false")
    engine.set("database.allowMajorUpgrade", True)
    _require_refused(platform, checks, "database.applyChanges is window")
    engine.set("database.applyChanges", "now")
    began = time.monotonic()
    engine.up()
    checks.note(upgraded_s=time.monotonic() - began)
    _require_same(platform, checks, before)
    engine.set("database.version", "15")
    _require_refused(platform, checks, "RDS has no way back to an older version")
    engine.set(f"{_SETTING}.snapshot", _BEFORE)
    began = time.monotonic()
    engine.up()
    checks.note(back_s=time.monotonic() - began, rows=_count(before))
    platform.wait_for_targets()
    _require_same(platform, checks, before)
    for setting in ("allowMajorUpgrade", "applyChanges"):
        engine.unset(f"database.{setting}")


def restore(platform: Deployed, checks: Checks) -> None:
    """Deleted outside, then destroyed with the stack: each restore brings every row back."""
    platform.engine.unset(_SETTING)
    try:
        _after_a_deletion(platform, checks)
        _after_a_destroy(platform, checks)
    finally:
        # `pulumi destroy`, which comes next, does not read it.
        platform.engine.unset(_SETTING)


def _after_a_deletion(platform: Deployed, checks: Checks) -> None:
    """Somebody deletes the instance in AWS's console; its automated backups stay."""
    _deliver(platform)
    before = _rows(platform)
    checks.note(rows_before=_count(before))
    lost = platform.lose_database()
    began = time.monotonic()
    platform.engine.refresh()
    platform.engine.set(f"{_SETTING}.pointInTime", "latest")
    platform.engine.set(f"{_SETTING}.instance", lost)
    platform.engine.up()
    # No pod is replaced while the address is the old one: each connects when it finds the database.
    platform.wait_for_targets()
    checks.note(restored_s=time.monotonic() - began)
    _require_same(platform, checks, before)
    with put_back(platform.engine.workspace.stack_file):
        platform.engine.unset(_SETTING)
        _require_refused(platform, checks, "an empty database would replace the restored one")


def _after_a_destroy(platform: Deployed, checks: Checks) -> None:
    """The stack goes, and a new one begins with the last snapshot."""
    _deliver(platform)
    before = _rows(platform)
    snapshot = platform.engine.outputs()["finalSnapshot"]
    platform.engine.destroy()
    platform.engine.unset(_SETTING)
    platform.engine.set(f"{_SETTING}.snapshot", snapshot)
    began = time.monotonic()
    platform.engine.up()
    checks.note(rebuilt_s=time.monotonic() - began)
    checks.note(rows_after=_require_same(platform, checks, before))


def _deliver(platform: Deployed) -> tuple[Alerts, Report]:
    alerts = platform.alerts()
    with platform.load(alerts, rate=_RATE, limit_seconds=60) as load:
        load.wait_for(_ALERTS)
    return alerts, load.report


def _require_same(platform: Deployed, checks: Checks, before: _Rows) -> int:
    """Nothing is missing, and the backend goes on with what it found; give the rows found."""
    after = _rows(platform)
    checks.require(after == before, f"rows and digests are {after}, they were {before}")
    alerts, report = _deliver(platform)
    checks.require(not report.failures, f"alerts failed then: {report.failures[:3]}")
    added = _count(_rows(platform)) - _count(before)
    checks.require(added >= len(alerts.accepted), f"{added} new rows of {len(alerts.accepted)}")
    return _count(after)


def _require_refused(platform: Deployed, checks: Checks, reason: str) -> None:
    refused = platform.engine.preview(ok=False)
    checks.require(reason in refused.text, f"the preview does not say: {reason}")


def _rows(platform: Deployed) -> _Rows:
    lines = platform.sql(" UNION ALL ".join(map(_ROWS.format, _TABLES))).splitlines()
    return sorted(line.split(" | ") for line in lines)


def _count(rows: _Rows) -> int:
    return sum(int(count) for _, count, _ in rows)
