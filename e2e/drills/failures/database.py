"""The database away, and its password changed, under alerts."""

import base64
import hashlib
import time
from collections.abc import Collection, Mapping
from typing import Any

from e2e.drills import looks
from e2e.drills.drill import Checks
from e2e.drills.looks import IN_NAMESPACE, eventually
from e2e.drills.watched import Watched
from e2e.platform.platform import Platform
from infra.naming import DATABASE_PASSWORD_KEY, DATABASE_SECRET

_AWAY = 20
_RECOVERED = 10
_DATABASE = "aws:rds/instance:Instance"
# The pool may want one more connection meanwhile, and does not get it.
_SERVED = 0.9
# A kubelet writes a changed Secret into its pods within about a minute.
_MOUNTED = 120
_PASSWORD_FILE = "/etc/backend/database/password"
_DIGEST = (
    f"import hashlib; print(hashlib.sha256(open('{_PASSWORD_FILE}', 'rb').read()).hexdigest())"
)


def database_outage(platform: Platform, checks: Checks) -> None:
    """Restarted, then away for 20 s: only 503, nothing accepted is lost, no pod restarts.

    Seen red with a liveness probe that asks the database: 5 restarts, and 38 of 962 requests were
    answered 502.
    """
    before = looks.restarts(platform)
    postgres = platform.world.postgres
    with Watched(platform, checks) as watched:
        postgres.restart()
        watched.more(200)
        postgres.stop()
        time.sleep(_AWAY)
        postgres.start()
        back = time.time()
        watched.more(20 * (_RECOVERED + 5))
    report = watched.load.report
    recovered = report.window_since(back)
    restarts = looks.restarts_since(platform, before)
    checks.note(recovered_s=recovered, restarts=restarts)
    kinds = {failure.kind for failure in report.failures}
    checks.require(kinds and _only_503(kinds), f"failures were {kinds or 'none'}, not only 503")
    checks.require(recovered < _RECOVERED, f"503 until {recovered:.1f} s after its return")
    checks.require(not restarts, f"{restarts} restarts of pods")


def password_rotation(platform: Platform, checks: Checks) -> None:
    """By `pulumi up`: open connections go on, new ones wait for the mounted file, in place.

    Seen red without `enable_secret_mutable`: the Secret was deleted and made anew.
    """
    before = looks.item(platform, "secret", DATABASE_SECRET)
    restarts = looks.restarts(platform)
    # A number that no earlier rotation of a kept platform can have used.
    platform.engine.set("secretVersions.databasePassword", int(time.time()))
    with Watched(platform, checks) as watched:
        began = time.time()
        platform.engine.up()
        rotated = _rotated_at(platform, began, checks)
        watched.more(50)
        # From here on no connection is older than the rotation: none is opened before the file
        # has the new password, which is what a failover in the same minute would do.
        cut = time.time()
        checks.note(connections_cut=platform.world.postgres.cut_connections())
        _wait_until_mounted(platform)
        mounted = time.time()
        checks.note(mounted_s=mounted - rotated)
        watched.more(20 * (_RECOVERED + 5))
    report = watched.load.report
    checks.note(
        window_s=report.window_since(cut),
        recovered_s=report.window_since(mounted),
        served_before_cut=watched.served_between(rotated, cut),
        restarts=looks.restarts_since(platform, restarts),
    )
    after = looks.item(platform, "secret", DATABASE_SECRET)
    _require_in_place(checks, before, after)
    _require_rotation(checks, watched, rotated=rotated, cut=cut, mounted=mounted)


def _rotated_at(platform: Platform, began: float, checks: Checks) -> float:
    """When (epoch) the database took the new password, by what the fake cloud recorded."""
    changes = [
        call.at
        for call in platform.world.ledger()
        if call.op == "update" and call.type == _DATABASE and call.at >= began and not call.error
    ]
    checks.require(changes, "pulumi up changed no database")
    return changes[-1]


def _require_in_place(checks: Checks, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    same = before["metadata"]["uid"] == after["metadata"]["uid"]
    checks.require(same, "the Secret was replaced, not changed in place")
    checks.require(before["data"] != after["data"], "the Secret still holds the old password")


def _require_rotation(
    checks: Checks, watched: Watched, *, rotated: float, cut: float, mounted: float
) -> None:
    """Nothing fails but for want of a new connection, and that ends with the mounted file."""
    figures, kinds = checks.figures, {failure.kind for failure in watched.load.report.failures}
    checks.require(_only_503(kinds), f"failures were {kinds}, not only 503")
    early = watched.failed_before(rotated - 1)
    checks.require(not early, f"{early} requests failed before the password was changed")
    checks.require(figures["connections_cut"], "there was no open connection to be cut")
    served = watched.served_between(rotated, cut)
    checks.require(
        served >= _SERVED, f"only {served:.0%} were served over the connections that were open"
    )
    late = watched.load.report.window_since(mounted)
    checks.require(
        late < _RECOVERED,
        f"503 until {late:.1f} s after the file had the new password: the old one is used",
    )
    checks.require(not figures["restarts"], f"{figures['restarts']} restarts of pods")


def _wait_until_mounted(platform: Platform) -> None:
    """Return when every API pod finds the Secret's password in its file."""
    held = looks.item(platform, "secret", DATABASE_SECRET)["data"][DATABASE_PASSWORD_KEY]
    wanted = hashlib.sha256(base64.b64decode(held)).hexdigest()

    def mounted(name: str) -> bool:
        command = ("exec", name, IN_NAMESPACE, "--", "python", "-c", _DIGEST)
        return platform.kubectl(*command, check=False).strip() == wanted

    eventually(
        "every pod has the new password in its file",
        lambda: all(mounted(pod.name) for pod in platform.pods()),
        seconds=_MOUNTED,
        every=2,
    )


def _only_503(kinds: Collection[str]) -> bool:
    """Whether the backend refused, or the load balancer when no pod was ready."""
    return all(kind.startswith("status 503") for kind in kinds)
