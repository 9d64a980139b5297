"""New versions of the app and of the chart, and the way back, under requests."""

import time
from collections.abc import Mapping
from typing import Any

from e2e.cluster.processes import wait_until
from e2e.drills import looks
from e2e.drills.drill import Checks
from e2e.drills.looks import IN_NAMESPACE
from e2e.drills.releases import edits
from e2e.drills.watched import Watched
from e2e.platform.deployed import Deployed
from infra.naming import RELEASE

# More a second, and the autoscaler would add a pod, which stays for five minutes: each further
# rollout would take 20 s more.
_UPGRADE_REQUESTS = 2000
_ROLLBACK_REQUESTS = 500
_TAGS = "2.0."  # of the images with the migration
_ROLLED_SECONDS = 30


def app_upgrade(platform: Deployed, checks: Checks) -> None:
    """`make release` with a migration, `up`, refresh, new chart versions: no request fails.

    Seen red without preStop and with a server that closes its socket at SIGTERM: 53 of 5,121
    requests failed. Without preStop alone none of 5,000 did: the backend drains by itself for up
    to 5 s, longer than the 2 s in which this load balancer takes a target out.
    """
    tag = _new_tag()
    platform.image(tag, extra=edits.additive_migration())
    before, pods = looks.values(platform), looks.pod_tags(platform)
    _require_both_zones(platform, checks, "before")
    with Watched(platform, checks) as watched:
        platform.release(tag)
        _require_migrated(platform, checks, "the release")
        _require_rolled(platform, checks, pods, tag)
        _up_keeps_the_tag(platform, checks, tag)
        _chart_by_up(platform, checks, tag)
        _chart_by_release(platform, checks, tag)
        watched.more(max(100, _UPGRADE_REQUESTS - watched.load.report.requests))
    checks.note(tag_after_up=looks.image_tag(platform))
    _require_both_zones(platform, checks, "after")
    _require_same_values(checks, before, looks.values(platform))
    watched.require_none_failed(_UPGRADE_REQUESTS)


def rollback(platform: Deployed, checks: Checks) -> None:
    """`helm rollback` over a migration: the old version serves on the new schema."""
    if not looks.image_tag(platform).startswith(_TAGS):
        tag = _new_tag()
        platform.image(tag, extra=edits.additive_migration())
        platform.release(tag)
    _require_migrated(platform, checks, "the release")
    before = _revision_before(platform)
    if before is None:
        checks.fail("the history holds no revision with another image")
    revision, old = before
    pods = looks.pod_tags(platform)
    with Watched(platform, checks) as watched:
        arguments = ("rollback", RELEASE, str(revision), IN_NAMESPACE, "--wait", "--timeout=10m")
        platform.helm(*arguments)
        watched.more(max(100, _ROLLBACK_REQUESTS - watched.load.report.requests))
    now = looks.image_tag(platform)
    checks.note(tag=now)
    checks.require(now == old, f"{now} runs after the rollback to {old}")
    _require_rolled(platform, checks, pods, old)
    _require_migrated(platform, checks, "the rollback")
    _require_both_zones(platform, checks, "after")
    watched.require_none_failed(_ROLLBACK_REQUESTS)


def _new_tag() -> str:
    """Give one that no earlier run on a kept platform has released."""
    return f"{_TAGS}{int(time.time())}"


def _up_keeps_the_tag(platform: Deployed, checks: Checks, tag: str) -> None:
    for step, result in (
        ("up", platform.engine.up()),
        ("refresh", platform.engine.refresh()),
        ("the up after refresh", platform.engine.up()),
    ):
        checks.require(result.changed == 0, f"{step} after the release changed: {result}")
    _require_tag(platform, checks, tag, "up and refresh")


def _chart_by_up(platform: Deployed, checks: Checks, tag: str) -> None:
    """A new template arrives; its new default does not, until the next `make release`."""
    name = edits.add_chart_key(platform.engine.workspace.program, "first")
    result = platform.engine.up()
    checks.require(dict(result.changes).get("update") == 1, f"up with a new chart: {result}")
    _require_note(platform, checks, name, "absent", "up with a new chart version")
    _require_tag(platform, checks, tag, "up with a new chart version")
    platform.release(tag)
    _require_note(platform, checks, name, "first", "the next release")


def _chart_by_release(platform: Deployed, checks: Checks, tag: str) -> None:
    """Template and default arrive at once, and `up` keeps them."""
    name = edits.add_chart_key(platform.engine.workspace.program, "second")
    platform.release(tag)
    _require_note(platform, checks, name, "second", "a release with a new chart version")
    platform.engine.up()
    _require_note(platform, checks, name, "second", "up after that release")
    _require_tag(platform, checks, tag, "up after a release with a new chart version")


def _require_note(platform: Deployed, checks: Checks, name: str, wanted: str, after: str) -> None:
    path = "--output=jsonpath={.data.value}"
    config_map = f"configmap/{RELEASE}-{name}"
    found = platform.kubectl("get", config_map, IN_NAMESPACE, "--ignore-not-found", path)
    checks.require(found == wanted, f"after {after} the new value is {found!r}, not {wanted!r}")


def _require_tag(platform: Deployed, checks: Checks, wanted: str, after: str) -> None:
    tag = looks.image_tag(platform)
    checks.require(tag == wanted, f"after {after} the tag is {tag}, not {wanted}")


def _require_migrated(platform: Deployed, checks: Checks, after: str) -> None:
    checks.require(
        edits.migrated(platform.sql),
        f"after {after} revision {edits.additive_revision()} is not in the database",
    )


def _require_rolled(
    platform: Deployed, checks: Checks, before: Mapping[str, str], tag: str
) -> None:
    """All pods are new, and run that image."""

    def rolled() -> bool:
        now = looks.pod_tags(platform)
        return not now.keys() & before.keys() and set(now.values()) == {tag}

    # Helm returns when the new pods are ready: the last old one may just be told to go.
    if not wait_until(rolled, seconds=_ROLLED_SECONDS, every=1):
        checks.fail(f"not all pods are new and run {tag}: {dict(looks.pod_tags(platform))}")


def _require_both_zones(platform: Deployed, checks: Checks, when: str) -> None:
    found = looks.zones(platform)
    checks.require(set(found) == set(looks.BOTH_ZONES), f"{when}, API pods stand in {found}")


def _require_same_values(
    checks: Checks, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    kept = {key for key in before if key != "image" and before[key] == after.get(key)}
    lost = sorted(before.keys() - kept - {"image"})
    checks.require(not lost, f"these values did not survive: {', '.join(lost)}")
    names = (before["image"]["repository"], after["image"]["repository"])
    checks.require(names[0] == names[1], f"the image's repository changed: {names}")


def _revision_before(platform: Deployed) -> tuple[int, str] | None:
    """Newest revision that worked with another image than the one that runs, and its tag."""
    running = looks.image_tag(platform)
    good = [item for item in looks.history(platform) if item["status"] == "superseded"]
    for item in reversed(good):
        revision = int(item["revision"])
        # A release without a tag runs the version that its chart names.
        image = looks.values(platform, revision=revision).get("image", {})
        tag = str(image.get("tag") or item["app_version"])
        if tag != running:
            return revision, tag
    return None
