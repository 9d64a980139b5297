"""Asks AWS what database runs, because RDS keeps changes for the maintenance window."""

import re
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from infra.config.options import Options
from infra.validation.database import check_connections
from infra.validation.waiting import Running, alarmed, changes


def ask_aws(resource: str, tags: Mapping[str, str], provider: aws.Provider) -> Running | None:
    """Return the instance of a Pulumi name; None if there is none yet, or AWS did not answer."""
    opts = pulumi.InvokeOptions(provider=provider)
    try:
        found = aws.rds.get_instances(tags=tags, opts=opts).instance_identifiers
        # As Pulumi names a resource. A restored instance exists beside the one that it replaces.
        for name in found:
            if re.fullmatch(rf"{re.escape(resource)}-[0-9a-f]{{7}}", name):
                instance = aws.rds.get_instance(db_instance_identifier=name, opts=opts)
                return Running(
                    instance_class=instance.db_instance_class,
                    storage_gb=instance.allocated_storage,
                    multi_az=instance.multi_az,
                    version=instance.engine_version,
                )
    except Exception as error:  # noqa: BLE001  the SDK raises nothing more precise
        pulumi.log.warn(
            "AWS did not answer which database runs, so alarms and the limit of the pools follow"
            f" database.instanceClass: {error}"
        )
    return None


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
