"""Releases that go wrong: an image that does not start, a migration that fails, a killed helm."""

import shlex
from concurrent.futures import ThreadPoolExecutor

import psutil

from e2e.drills import looks
from e2e.drills.drill import Checks
from e2e.drills.looks import eventually
from e2e.drills.releases import edits
from e2e.drills.watched import Watched
from e2e.platform.platform import Platform
from infra.naming import RELEASE

# `make release` waits ten minutes for pods; these will never be ready, and good ones take 20 s.
_PATIENCE = "30s"
_BROKEN = {"backend/asgi.py": 'raise SystemExit("this version does not start")\n'}


def bad_release(platform: Platform, checks: Checks) -> None:
    """An image that never becomes ready and a migration that fails cost no request.

    Seen red with a migration that the database had already, and so did not fail: the release went
    through after 41.7 s.
    """
    platform.image("broken", extra=_BROKEN)
    pods = _served_by(platform)
    with Watched(platform, checks) as watched:
        with (
            edits.impatient_release(platform.engine.workspace.program, _PATIENCE),
            ThreadPoolExecutor() as waiting,
        ):
            release = waiting.submit(platform.release, "broken", ok=False)
            platform.image("broken-migration", extra=edits.failing_migration())
            platform.image("mended")
            failed = release.result()
        _require_message(checks, failed, "broken", "helm rollback")
        tag = looks.image_tag(platform)
        checks.require(tag == "broken", f"it failed before pods had the image: they have {tag}")
        _require_served_by(platform, checks, pods, "an image that does not start")
        failed = platform.release("broken-migration", ok=False)
        _require_message(checks, failed, "broken-migration", "job/backend-migrate")
        _require_served_by(platform, checks, pods, "a migration that fails")
        platform.release("mended")
    tag = looks.image_tag(platform)
    checks.require(tag == "mended", f"the next release brought {tag}")
    watched.require_none_failed()


def release_stuck(platform: Platform, checks: Checks) -> None:
    """`helm upgrade` killed -9: `make release` says how to free it, and it works again.

    Seen red with a `make release` that does not look for a pending release: Helm's own words name
    no way out.
    """
    platform.image("stuck")
    with Watched(platform, checks) as watched:
        release = platform.commands.start_release("stuck")
        try:
            eventually(
                "the release replaces pods",
                lambda: looks.image_tag(platform) == "stuck",
                seconds=120,
            )
        finally:
            for process in psutil.Process(release.pid).children(recursive=True):
                if process.name() == "helm":
                    process.kill()
            release.wait(60)
        refused = platform.release("stuck", ok=False)
        command = _command_in(refused, checks)
        platform.helm(*command)
        platform.release("stuck")
        platform.engine.up()
    tag = looks.image_tag(platform)
    checks.require(tag == "stuck", f"{tag} runs after the release that was freed")
    watched.require_none_failed()


def _command_in(text: str, checks: Checks) -> list[str]:
    """Give the arguments of the helm command that `make release` printed, as a person copies it."""
    checks.require("is pending-upgrade" in text, f"it does not name the pending release: {text}")
    lines = [line.strip() for line in text.splitlines()]
    commands = [line for line in lines if line.startswith(f"helm rollback {RELEASE} ")]
    checks.require(commands, f"it prints no command that frees the release: {text}")
    return shlex.split(commands[0])[1:]


def _require_message(checks: Checks, text: str, *words: str) -> None:
    for word in (*words, "is not released", "still serve"):
        checks.require(word in text, f"make release does not say {word!r}: {text[-500:]}")


def _served_by(platform: Platform) -> set[str]:
    return {pod.uid for pod in looks.ready(platform)}


def _require_served_by(platform: Platform, checks: Checks, pods: set[str], after: str) -> None:
    now = _served_by(platform)
    checks.require(now == pods, f"after {after}, {len(now & pods)} of {len(pods)} pods are left")
