"""Brings the stack to where a drill begins, when the drills before have left it elsewhere."""

from collections.abc import Callable

from e2e.deploy.engine.checkpoint import Checkpoint
from e2e.drills.drill import Stage
from e2e.platform.platform import Platform

RELEASE = "backend-release"  # the program's last resource: with it, everything is deployed


def bring_to(platform: Platform, stage: Stage, say: Callable[[str], None]) -> None:
    """Deploy, destroy or mend as far as the stage asks for it."""
    if stage is Stage.ANY:
        return
    checkpoint = platform.engine.checkpoint()
    if stage in {Stage.PRESENT, Stage.SETTLED} and not is_deployed(checkpoint):
        _deploy(platform, say)
    if stage is Stage.EMPTY and checkpoint.resources:
        _destroy(platform, say)
    if stage is Stage.SETTLED:
        platform.settle()


def is_deployed(checkpoint: Checkpoint) -> bool:
    """Whether the state holds the whole program, and no operation is open."""
    names = {resource.name for resource in checkpoint.resources}
    return RELEASE in names and not checkpoint.pending


def _destroy(platform: Platform, say: Callable[[str], None]) -> None:
    say("  first: pulumi destroy")
    platform.world.heal()
    platform.engine.destroy()


def _deploy(platform: Platform, say: Callable[[str], None]) -> None:
    say("  first: pulumi up")
    platform.world.heal()
    platform.engine.up()
