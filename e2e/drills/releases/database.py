"""A change of the database that waits for the maintenance window."""

from e2e.deploy.cloud.fake_aws.rds import INSTANCE
from e2e.deploy.engine.workspace import put_back
from e2e.drills.drill import Checks
from e2e.platform.platform import Platform

_CLASS = "database.instanceClass"


def waiting_change(platform: Platform, checks: Checks) -> None:
    """A larger class waits for the window, and the limit of the pools with it.

    Alarms, which follow as well, come with the monitoring stack: tests/infra has them.
    """
    engine, postgres = platform.engine, platform.world.postgres
    with put_back(engine.workspace.stack_file):
        engine.set(_CLASS, "db.t3.small")
        told = "database.instanceClass changes from db.t3.micro to db.t3.small in the maintenance"
        checks.require(told in engine.preview().text, f"the preview does not say: {told}")
        engine.up()
        checks.require(_class(platform) == "db.t3.micro", "the class did not wait")
        engine.set("backend.databasePoolSize", 10)
        refused, reason = engine.preview(ok=False), "only 67 are available on db.t3.micro"
        checks.require(reason in refused.text, f"the preview does not say: {reason}")
        platform.world.pass_window()
        engine.preview()
        engine.set("backend.databasePoolSize", 5)
        engine.up()
        allowed = postgres.sql("SHOW max_connections")
        checks.note(instance_class=_class(platform), max_connections=int(allowed))
        checks.require(allowed == "168", f"the restart left max_connections at {allowed}")
    with put_back(engine.workspace.stack_file):
        engine.set("database.applyChanges", "now")
        engine.up()
    checks.require(_class(platform) == "db.t3.micro", "the class is not back")


def _class(platform: Platform) -> object:
    [instance] = platform.world.all(INSTANCE)
    return instance.outputs["instanceClass"]
