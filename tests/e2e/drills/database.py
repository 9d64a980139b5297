"""The database away, and its password changed, under alerts."""

import base64
import hashlib
import time

from infra.naming import DATABASE_PASSWORD_KEY, DATABASE_SECRET
from tests.e2e.drills import looks
from tests.e2e.drills.drill import Checks, Figures
from tests.e2e.drills.looks import IN_NAMESPACE, eventually
from tests.e2e.drills.watched import Watched
from tests.e2e.platform.platform import Platform

_AWAY = 20
_RECOVERED = 10
# A kubelet writes a changed Secret into its pods within about a minute.
_MOUNTED = 120
_PASSWORD_FILE = "/etc/backend/database/password"
_DIGEST = (
    f"import hashlib; print(hashlib.sha256(open('{_PASSWORD_FILE}', 'rb').read()).hexdigest())"
)


def database_outage(platform: Platform) -> Figures:
    """Restarted, then away for 20 s: 503 meanwhile, nothing accepted is lost, no pod restarts."""
    checks = Checks()
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
    checks.require(kinds == {"status 503"}, f"failures were {kinds or 'none'}, not only 503")
    checks.require(recovered < _RECOVERED, f"503 until {recovered:.1f} s after its return")
    checks.require(not restarts, f"{restarts} restarts of pods")
    return checks.figures


def password_rotation(platform: Platform) -> Figures:
    """By `pulumi up`: the Secret changes in place, open connections go on, no pod restarts."""
    checks = Checks()
    before = looks.item(platform, "secret", DATABASE_SECRET)
    restarts = looks.restarts(platform)
    # A number that no earlier rotation of a kept platform can have used.
    platform.engine.set("secretVersions.databasePassword", int(time.time()))
    with Watched(platform, checks) as watched:
        began = time.time()
        platform.engine.up()
        _wait_until_mounted(platform)
        checks.note(mounted_s=time.time() - began)
        watched.more(50)
        # From here on no connection is older than the rotation.
        cut = time.time()
        platform.world.postgres.restart()
        reconnected = time.time()
        watched.more(20 * (_RECOVERED + 5))
    report = watched.load.report
    checks.note(
        window_s=report.window_between(began, cut),
        reconnected_s=report.window_since(reconnected),
        restarts=looks.restarts_since(platform, restarts),
    )
    after = looks.item(platform, "secret", DATABASE_SECRET)
    same = before["metadata"]["uid"] == after["metadata"]["uid"]
    checks.require(same, "the Secret was replaced, not changed in place")
    checks.require(before["data"] != after["data"], "the Secret still holds the old password")
    checks.require(not checks.figures["restarts"], f"{checks.figures['restarts']} restarts of pods")
    late = report.window_since(reconnected)
    checks.require(
        late < _RECOVERED,
        f"new connections were refused for {late:.1f} s: the old password is used",
    )
    return checks.figures


def _wait_until_mounted(platform: Platform) -> None:
    """Return when every API pod finds the Secret's password in its file."""
    held = looks.item(platform, "secret", DATABASE_SECRET)["data"][DATABASE_PASSWORD_KEY]
    wanted = hashlib.sha256(base64.b64decode(held)).hexdigest()

    def mounted(name: str) -> bool:
        command = ("exec", name, IN_NAMESPACE, "--", "python", "-c", _DIGEST)
        return platform.cluster.kubectl(*command, check=False).strip() == wanted

    eventually(
        "every pod has the new password in its file",
        lambda: all(mounted(pod.name) for pod in platform.pods()),
        seconds=_MOUNTED,
        every=2,
    )
