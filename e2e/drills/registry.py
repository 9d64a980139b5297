"""All drills, in the order in which they run."""

from collections.abc import Callable, Sequence
from typing import Any

from e2e.deploy.engine.stacks import Stack
from e2e.drills.deployment import changes, interrupted, stack, upgrade
from e2e.drills.drill import Checks, Drill, Stage
from e2e.drills.failures import autoscaling, database, nodes, pods, restore
from e2e.drills.monitoring import alerts, correlation, health, third_party
from e2e.drills.releases import bad, upgrades
from e2e.drills.releases import database as changed_database
from e2e.drills.secrecy.search import Keeper

# For a short run on a slow machine.
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
    ),
    # What `make e2e CLOUD=aws` runs, here on the fake cloud.
    "account": ("preview", "up", "app-upgrade", "rollback", "pod-kill", "restore", "destroy"),
}

_LOSSES = ("failed_requests", "accepted_lost", "window_s", "recovered_s")
_REQUESTS = ("requests", "failed_requests")
_STATE = ("pending", "resources")


def _drill(run: Callable[[Any, Checks], None], stage: Stage, *owes: str) -> Drill:
    """Name it as its function."""
    return Drill(run.__name__.replace("_", "-"), run, stage, owes)


_FIRST = (
    _drill(stack.preview, Stage.EMPTY, "resources", "seconds"),
    _drill(stack.up, Stage.EMPTY, "resources", "seconds"),
    _drill(stack.up_again, Stage.PRESENT, "changes"),
    _drill(stack.refresh, Stage.PRESENT, "changes"),
    _drill(changes.refused_changes, Stage.PRESENT, "refused", "changed"),
    _drill(upgrade.kubernetes_upgrade, Stage.PRESENT, "rolled_back", "upgraded", "kept"),
)
_DESTROY = _drill(stack.destroy, Stage.PRESENT, "resources_left")
_OF_THE_PLATFORM = (
    _drill(upgrades.app_upgrade, Stage.SETTLED, *_REQUESTS, "tag_after_up"),
    _drill(upgrades.rollback, Stage.SETTLED, *_REQUESTS),
    _drill(bad.bad_release, Stage.SETTLED, *_REQUESTS),
    _drill(bad.release_stuck, Stage.SETTLED, "failed_requests"),
    _drill(changed_database.waiting_change, Stage.PRESENT, "instance_class", "max_connections"),
    _drill(restore.postgres_upgrade, Stage.SETTLED, "upgraded_s", "back_s", "rows"),
    _drill(pods.pod_kill, Stage.SETTLED, *_LOSSES),
    _drill(pods.pod_hang, Stage.SETTLED, *_LOSSES),
    _drill(
        database.database_outage,
        Stage.SETTLED,
        *("accepted", "accepted_lost", "recovered_s", "restarts"),
    ),
    _drill(
        database.password_rotation,
        Stage.SETTLED,
        *(*_REQUESTS, "window_s", "accepted_lost", "restarts"),
    ),
    _drill(nodes.drain, Stage.SETTLED, *_REQUESTS),
    _drill(
        nodes.node_kill,
        Stage.SETTLED,
        *("window_s", "window_allowed_s", "recovered_s", "rescheduled_s"),
    ),
    # With the settings that it leaves, `up` is refused until the stack is gone.
    _drill(restore.restore, Stage.SETTLED, "rows_before", "rows_after", "restored_s"),
    # Its pods stay for five minutes: no drill that counts or replaces pods comes after it.
    _drill(autoscaling.hpa, Stage.SETTLED, "replicas_max", "seconds"),
    _DESTROY,
    _drill(interrupted.engine_killed, Stage.EMPTY, *_STATE),
    # Ends with everything deployed: what KEEP=1 leaves.
    _drill(interrupted.up_fails, Stage.EMPTY, *_STATE),
)
_OF_THE_MONITORING_STACK = (
    _drill(health.monitoring, Stage.SETTLED, "pods", "volumes", "memory"),
    _drill(health.scraped, Stage.SETTLED, "targets", "rules"),
    _drill(correlation.correlated, Stage.SETTLED, "exemplar_s", "trace_s", "spans"),
    _drill(alerts.alert_path, Stage.SETTLED, "scraped_to_stored_s", "direct_s", "resolved_s"),
    _drill(alerts.backend_away, Stage.SETTLED, "direct_s"),
    _DESTROY,
    _drill(third_party.third_party, Stage.EMPTY, "objects_dev", "objects_prod"),
)


class UnknownDrillError(Exception):
    """No drill or subset has that name."""


def chosen(
    keeper: Keeper,
    names: Sequence[str] = (),
    *,
    subset: str = "",
    of: Stack = Stack.PLATFORM,
    anywhere: bool = False,
) -> tuple[Drill, ...]:
    """Those named, or a subset's, or all; in the list's order, whatever order they are named in.

    `keeper` is the memory that `secrets` searches with. `anywhere` leaves out drills that need this
    machine.
    """
    every = (
        *_FIRST,
        *(_OF_THE_MONITORING_STACK if of.monitored else _OF_THE_PLATFORM),
        Drill("secrets", keeper.search, Stage.ANY, ("found", "searched_bytes")),
    )
    every = tuple(drill for drill in every if drill.runs_anywhere or not anywhere)
    known = [drill.name for drill in every]
    # A subset serves both stacks: what this stack's list lacks is left out.
    wanted = names or [name for name in SUBSETS.get(subset, known) if name in known]
    if unknown := [name for name in wanted if name not in known]:
        raise UnknownDrillError(
            f"no drill is called {', '.join(unknown)}: choose from {', '.join(known)}"
        )
    return tuple(drill for drill in every if drill.name in wanted)
