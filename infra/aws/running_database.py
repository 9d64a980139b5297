"""Asks AWS what database runs, because RDS keeps changes for the maintenance window."""

import re
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from infra.aws.answers import answer
from infra.config.options import Options
from infra.naming import Names
from infra.validation.database import check_connections
from infra.validation.waiting import Running, alarmed, changes

WRITTEN_COUNTS = (
    "infra/versions.yaml is used, and alarms and the limit of the pools follow"
    " database.instanceClass"
)


def ask_aws(names: Names, opts: pulumi.InvokeOptions) -> Mapping[str, Running] | None:
    """Return the stack's instances by their identifiers; None if AWS did not answer.

    They are found by the Name tag, which no setting changes.
    """

    def ask() -> Mapping[str, Running]:
        found = aws.rds.get_instances(tags=names.display("database"), opts=opts)
        return {one: _running(one, opts) for one in found.instance_identifiers}

    return answer(ask, WRITTEN_COUNTS)


def _running(identifier: str, opts: pulumi.InvokeOptions) -> Running:
    instance = aws.rds.get_instance(db_instance_identifier=identifier, opts=opts)
    return Running(
        instance_class=instance.db_instance_class,
        storage_gb=instance.allocated_storage,
        multi_az=instance.multi_az,
        version=instance.engine_version,
    )


def of_resource(resource: str, instances: Mapping[str, Running]) -> Running | None:
    """Return the instance of a Pulumi name; a restored one exists beside the one it replaces."""
    named = re.compile(rf"{re.escape(resource)}-[0-9a-f]{{7}}")
    return next((one for name, one in instances.items() if named.fullmatch(name)), None)


def check(options: Options, running: Running) -> None:
    """Say what waits until when; stop where the settings do not fit the database that runs."""
    database = options.database
    problems = [
        str(problem) for problem in check_connections(options, alarmed(database, running)[0])
    ]
    ahead = int(running.version.partition(".")[0]) > int(database.version.partition(".")[0])
    if ahead:
        problems.append(
            f"database.version: PostgreSQL {running.version} runs, and RDS has no way back to"
            f" {database.version}. Name the major that runs, with database.allowMajorUpgrade: true"
            " and database.applyChanges: now, or restore a snapshot (docs/recovery.md)."
        )
    if problems:
        raise pulumi.RunError("\n".join(problems))
    for sentence in changes(database, running):
        pulumi.log.warn(sentence)
