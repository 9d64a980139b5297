"""Checks what must hold between the database's settings, and with the connection pools. Pure."""

from collections.abc import Iterator
from itertools import chain

from infra.config.database import DatabaseOptions
from infra.config.database_capacity import connection_demand, database_classes
from infra.config.findings import Finding, error, warning
from infra.config.options import Options
from infra.config.partition import partition_of

# StartDBInstanceAutomatedBackupsReplication of the RDS API: PreSignedUrl (read 2026-11).
GOVCLOUD = "aws-us-gov"


def validate_database(options: Options) -> Iterator[Finding]:
    database = options.database
    return chain(
        _check_class(database),
        _check_storage(database),
        check_connections(options, database.instance_class),
        _check_copies(options),
        _check_logs(database),
    )


def check_connections(options: Options, database_class: str) -> Iterator[Finding]:
    """Compare the connections at full scale with those of a class; an unknown one has no limit."""
    backend, known = options.backend, database_classes().get(database_class)
    if known is None:
        return
    shown = options.observability.database_metrics
    demand = connection_demand(
        max_replicas=backend.max_replicas, pool_size=backend.database_pool_size, exporter=shown
    )
    others = "the worker, a migration and the exporter" if shown else "the worker and a migration"
    if demand > known.connection_budget:
        yield error(
            "backend.databasePoolSize",
            f"{backend.max_replicas} replicas with {backend.database_pool_size} connections each,"
            f" {others} need {demand} connections, but only {known.connection_budget} are"
            f" available on {database_class} (80 % of {known.max_connections})",
            "Lower backend.databasePoolSize or backend.maxReplicas, or choose a larger"
            " database.instanceClass",
        )


def _check_class(database: DatabaseOptions) -> Iterator[Finding]:
    if database.instance_class not in database_classes():
        yield error(
            "database.instanceClass",
            f"this program does not know the class {database.instance_class!r}",
            f"Use one of {', '.join(database_classes())},"
            " or add it to infra/config/database_classes.yaml",
        )


def _check_storage(database: DatabaseOptions) -> Iterator[Finding]:
    # RDS accepts a ceiling only if it is at least a tenth above the size.
    least = -(-database.storage_gb * 11 // 10)
    if database.storage_ceiling_gb < least:
        below = database.storage_ceiling_gb < database.storage_gb
        yield error(
            "database.storageCeilingGb",
            f"{database.storage_ceiling_gb} GB is {'below' if below else 'less than a tenth above'}"
            f" the size of {database.storage_gb} GB (database.storageGb)",
            f"Raise it to {least} or more, or lower database.storageGb",
        )


def _check_copies(options: Options) -> Iterator[Finding]:
    setting, copies = "database.backupCopyRegion", options.database.backup_copy_region
    if copies is None:
        return
    if copies == options.region:
        yield error(
            setting,
            f"{copies} is the region of the stack, which keeps its own backups",
            "Name another region, or remove the setting",
        )
    elif partition_of(copies) != partition_of(options.region):
        yield error(
            setting,
            f"{copies} is in another partition than {options.region}, and backups never leave one",
            "Name a region that `aws rds describe-source-regions --region <it>` lists"
            f" {options.region} for",
        )
    elif options.partition.name == GOVCLOUD:
        yield error(
            setting,
            f"in GovCloud, RDS copies to {copies} only with a signed URL, which the provider does"
            " not make",
            "Remove it, and after `pulumi up` run once: aws rds"
            f" start-db-instance-automated-backups-replication --region {copies} --source-region"
            f" {options.region} --source-db-instance-arn <the instance> --kms-key-id <a key in"
            f" {copies}> --backup-retention-period {options.database.backup_days}",
        )
    elif not options.database.keep_backups:
        yield warning(
            setting,
            f"database.keepBackups is false: `pulumi destroy` deletes the key of the copies in"
            f" {copies}, and 30 days later nobody can read them",
            "Set database.keepBackups to true, or delete the copies too (docs/recovery.md)",
        )


def _check_logs(database: DatabaseOptions) -> Iterator[Finding]:
    if database.log_exports:
        yield warning(
            "database.logExports",
            "RDS makes the log groups itself, and CloudWatch keeps their contents for ever",
            "After `pulumi up`, set the days with `aws logs put-retention-policy`"
            " (docs/operations.md)",
        )
