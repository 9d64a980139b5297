"""Changes of the stack that exists: what AWS refuses is refused before anything is touched."""

from e2e.deploy.cloud.fake_aws.rds import INSTANCE
from e2e.deploy.engine.workspace import put_back
from e2e.drills.drill import Checks
from e2e.platform.platform import Platform
from infra import guard

# Edits of the stack file, and the settings that infra/validation/changes.py refuses then.
_IMPOSSIBLE = {
    "10.0.": "10.9.",
    "us-east-1": "us-west-2",
    "version: '1.36'": "version: '1.34'",
    "version: '15'": "version: '16'",
}
_REFUSED = (
    "region",
    "network.cidr",
    "network.zones",
    "network.databaseCidrs",
    "cluster.version",
    "database.version",
)


def refused_changes(platform: Platform, checks: Checks) -> None:
    """Changes that AWS refuses end `pulumi preview` with the reason, and `pulumi up` untouched.

    A change that failed in AWS can be taken back.
    """
    with put_back(platform.engine.workspace.stack_file) as file:
        edited = file.read_text()
        for before, after in _IMPOSSIBLE.items():
            edited = edited.replace(before, after)
        file.write_text(edited)
        previewed, tried = platform.engine.preview(ok=False), platform.engine.up(ok=False)
    for setting in _REFUSED:
        sentence = f"{setting} cannot change from"
        checks.require(sentence in previewed.text, f"the preview does not say: {sentence}")
        checks.require(sentence in tried.text, f"up does not say: {sentence}")
    checks.note(refused=len(_REFUSED), changed=tried.changed)
    checks.require(not tried.changed, f"up changed something before it was refused: {tried}")
    _take_back(platform, checks)


def _take_back(platform: Platform, checks: Checks) -> None:
    """What AWS refused half-way is no state to stay in: the old value is allowed again."""
    with put_back(platform.engine.workspace.stack_file):
        platform.engine.set("database.storageGb", 30)
        platform.world.fail("update", INSTANCE)
        try:
            failed = platform.engine.up(ok=False)
        finally:
            platform.world.heal()
    checks.require("injected fault" in failed.text, "the change did not fail in AWS")
    back = platform.engine.up()
    wrong = {operation.type for operation in back.operations} - {guard.TYPE}
    checks.require(not wrong, f"going back changed more than the guard: {wrong}")
