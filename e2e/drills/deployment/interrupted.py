"""`pulumi up` that fails or is killed in the middle: the state has what exists."""

from e2e.drills.drill import Checks
from e2e.drills.looks import eventually
from e2e.platform.platform import Platform

_DATABASE = "aws:rds/instance:Instance"
_NODES = "aws:eks/nodeGroup:NodeGroup"
# Other plugins make what exists in the state alone, or a component without an id.
_IN_THE_CLOUD = "aws:"
# Long enough to be seen in the state and killed, short enough for the plugin to end by itself.
_CREATION_SECONDS = 5


def up_fails(platform: Platform, checks: Checks) -> None:
    """A failure in the middle: the state says what exists, and the next `up` finishes it."""
    platform.world.fail("create", _NODES)
    try:
        failed = platform.engine.up(ok=False)
    finally:
        platform.world.heal()
    checkpoint = platform.engine.checkpoint()
    checks.note(pending=len(checkpoint.pending), resources=len(checkpoint.resources))
    checks.require(_NODES in failed.text, "the error does not name what failed")
    checks.require(not checkpoint.pending, f"operations are open: {checkpoint.pending}")
    checks.require(not platform.is_deployed, "everything was deployed: nothing has failed")
    checks.require(checkpoint.resources, "the state holds nothing of what was made")
    _require_agreement(platform, checks)
    finished = platform.engine.up()
    checks.require(
        set(finished.changes) <= {"create", "same"}, f"the next up did not only add: {finished}"
    )
    checks.require(platform.is_deployed, "the next up did not finish")
    _require_agreement(platform, checks)


def engine_killed(platform: Platform, checks: Checks) -> None:
    """Killed -9 while the database is made: docs/recovery.md finds it, and makes no second."""
    platform.world.slow("create", _DATABASE, _CREATION_SECONDS)
    try:
        running = platform.engine.start_up()
        try:
            eventually(
                "the database is being created",
                lambda: (
                    not running.running
                    or any(p.type == _DATABASE for p in platform.engine.checkpoint().pending)
                ),
                seconds=300,
                every=0.2,
            )
        finally:
            running.kill()  # also when that never happened
    finally:
        platform.world.heal()
    platform.engine.drop_torn_attributes()
    checkpoint = platform.engine.checkpoint()
    checks.note(pending=len(checkpoint.pending), resources=len(checkpoint.resources))
    open_types = {operation.type for operation in checkpoint.pending}
    checks.require(_DATABASE in open_types, f"the state shows as pending only {open_types}")
    locked = platform.engine.up(ok=False)
    checks.require("pulumi cancel" in locked.text, "the next up does not say how to unlock")
    platform.engine.repair(platform.world.resources())
    after = platform.engine.checkpoint()
    checks.require(not after.pending, f"operations are still open: {after.pending}")
    checks.require(platform.is_deployed, "the recovery did not finish the deployment")
    _require_agreement(platform, checks)


def _require_agreement(platform: Platform, checks: Checks) -> None:
    """The cloud holds what the state says, and the state what the cloud holds; nothing twice."""
    known = {
        (resource.type, resource.id)
        for resource in platform.engine.checkpoint().resources
        if resource.type.startswith(_IN_THE_CLOUD)
    }
    there = {(item.type, item.id) for item in platform.world.resources()}
    for missing, where in ((there - known, "the state"), (known - there, "the cloud")):
        names = ", ".join(f"{type_} ({id_})" for type_, id_ in sorted(missing)[:5])
        checks.require(not missing, f"{len(missing)} resources are not in {where}: {names}")
