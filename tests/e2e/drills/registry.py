"""All drills, in the order in which each finds the stack as it needs it."""

from collections.abc import Sequence

from tests.e2e.drills import (
    autoscaling,
    bad_releases,
    database,
    interrupted,
    nodes,
    pods,
    releases,
    stack,
)
from tests.e2e.drills.drill import Drill, Run, Stage
from tests.e2e.drills.secrecy import Keeper

# What a short run on a slow machine proves.
SUBSETS = {
    "ci": (
        "preview",
        "up",
        "up-again",
        "refresh",
        "app-upgrade",
        "rollback",
        "pod-kill",
        "database-outage",
        "destroy",
        "secrets",
    )
}

_LOSSES = ("failed_requests", "accepted_lost", "window_s", "recovered_s")
_REQUESTS = ("requests", "failed_requests")
_STATE = ("pending", "resources")


class UnknownDrillError(Exception):
    """Nobody wrote a drill of that name."""


def drills(keeper: Keeper) -> tuple[Drill, ...]:
    """Make the list; `keeper` is the memory that `secrets` searches with."""
    return (
        _drill("preview", stack.preview, Stage.EMPTY, "resources", "seconds"),
        _drill("up", stack.up, Stage.EMPTY, "resources", "seconds"),
        _drill("up-again", stack.up_again, Stage.PRESENT, "changes"),
        _drill("refresh", stack.refresh, Stage.PRESENT, "changes"),
        _drill("app-upgrade", releases.app_upgrade, Stage.SETTLED, *_REQUESTS, "tag_after_up"),
        _drill("rollback", releases.rollback, Stage.SETTLED, *_REQUESTS),
        _drill("bad-release", bad_releases.bad_release, Stage.SETTLED, *_REQUESTS),
        _drill("release-stuck", bad_releases.release_stuck, Stage.SETTLED, "failed_requests"),
        _drill("pod-kill", pods.pod_kill, Stage.SETTLED, *_LOSSES),
        _drill("pod-hang", pods.pod_hang, Stage.SETTLED, *_LOSSES),
        _drill(
            "database-outage",
            database.database_outage,
            Stage.SETTLED,
            *("accepted", "accepted_lost", "recovered_s", "restarts"),
        ),
        _drill(
            "password-rotation",
            database.password_rotation,
            Stage.SETTLED,
            *(*_REQUESTS, "window_s", "accepted_lost", "restarts"),
        ),
        _drill("drain", nodes.drain, Stage.SETTLED, *_REQUESTS),
        _drill(
            "node-kill",
            nodes.node_kill,
            Stage.SETTLED,
            *("window_s", "window_allowed_s", "recovered_s", "rescheduled_s"),
        ),
        # Its pods stay for five minutes: no drill that counts them comes after it.
        _drill("hpa", autoscaling.hpa, Stage.SETTLED, "replicas_max", "seconds"),
        _drill("destroy", stack.destroy, Stage.PRESENT, "resources_left"),
        _drill("engine-killed", interrupted.engine_killed, Stage.EMPTY, *_STATE),
        # Ends with everything deployed: what KEEP=1 leaves.
        _drill("up-fails", interrupted.up_fails, Stage.EMPTY, *_STATE),
        _drill("secrets", keeper.search, Stage.ANY, "found", "searched_bytes"),
    )


def chosen(keeper: Keeper, names: Sequence[str] = (), *, subset: str = "") -> tuple[Drill, ...]:
    """Those named, or a subset's, or all; in the list's order, whatever order they are named in."""
    every = drills(keeper)
    known = [drill.name for drill in every]
    if subset and subset not in SUBSETS:
        raise UnknownDrillError(f"no subset is called {subset}: choose from {', '.join(SUBSETS)}")
    wanted = names or SUBSETS.get(subset, known)
    if unknown := [name for name in wanted if name not in known]:
        raise UnknownDrillError(
            f"no drill is called {', '.join(unknown)}: choose from {', '.join(known)}"
        )
    return tuple(drill for drill in every if drill.name in wanted)


def _drill(name: str, run: Run, stage: Stage, *owes: str) -> Drill:
    return Drill(name, run, stage, frozenset(owes))
