"""All drills, in the order in which each finds the stack as it needs it."""

from collections.abc import Sequence

from e2e.deploy.engine.stacks import Stack
from e2e.drills import (
    autoscaling,
    bad_releases,
    correlation,
    database,
    firing,
    interrupted,
    monitoring,
    nodes,
    pods,
    releases,
    stack,
    third_party,
)
from e2e.drills.drill import Drill, Run, Stage
from e2e.drills.secrecy import Keeper

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


def drills(keeper: Keeper, of: Stack = Stack.PLATFORM) -> tuple[Drill, ...]:
    """Make a stack's list; `keeper` is the memory that `secrets` searches with."""
    middle = _of_the_monitoring_stack() if of.monitored else _of_the_platform()
    return (
        _drill("preview", stack.preview, Stage.EMPTY, "resources", "seconds"),
        _drill("up", stack.up, Stage.EMPTY, "resources", "seconds"),
        _drill("up-again", stack.up_again, Stage.PRESENT, "changes"),
        _drill("refresh", stack.refresh, Stage.PRESENT, "changes"),
        *middle,
        _drill("secrets", keeper.search, Stage.ANY, "found", "searched_bytes"),
    )


def _of_the_monitoring_stack() -> tuple[Drill, ...]:
    return (
        _drill("monitoring", monitoring.monitoring, Stage.SETTLED, "pods", "volumes", "memory"),
        _drill("scraped", monitoring.scraped, Stage.SETTLED, "targets", "rules"),
        _drill(
            "correlated",
            correlation.correlated,
            Stage.SETTLED,
            *("exemplar_s", "trace_s", "spans"),
        ),
        _drill(
            "alert-path",
            firing.alert_path,
            Stage.SETTLED,
            *("scraped_to_stored_s", "direct_s", "resolved_s"),
        ),
        _drill("backend-away", firing.backend_away, Stage.SETTLED, "direct_s"),
        _drill("destroy", stack.destroy, Stage.PRESENT, "resources_left"),
        _drill("third-party", third_party.third_party, Stage.EMPTY, "objects_dev", "objects_prod"),
    )


def _of_the_platform() -> tuple[Drill, ...]:
    return (
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
    )


def chosen(
    keeper: Keeper, names: Sequence[str] = (), *, subset: str = "", of: Stack = Stack.PLATFORM
) -> tuple[Drill, ...]:
    """Those named, or a subset's, or all; in the list's order, whatever order they are named in."""
    every = drills(keeper, of)
    known = [drill.name for drill in every]
    if subset and subset not in SUBSETS:
        raise UnknownDrillError(f"no subset is called {subset}: choose from {', '.join(SUBSETS)}")
    # A subset is a choice of either stack's: what is not in this one's list is left out.
    wanted = names or [name for name in SUBSETS.get(subset, known) if name in known]
    if unknown := [name for name in wanted if name not in known]:
        raise UnknownDrillError(
            f"no drill is called {', '.join(unknown)}: choose from {', '.join(known)}"
        )
    return tuple(drill for drill in every if drill.name in wanted)


def _drill(name: str, run: Run, stage: Stage, *owes: str) -> Drill:
    return Drill(name, run, stage, frozenset(owes))
