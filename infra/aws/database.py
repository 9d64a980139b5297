"""The PostgreSQL database on RDS: password, parameters, security group and instance."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random
from pulumi import ResourceOptions

from infra.aws import running_database
from infra.aws.backup_copy import copy_backups
from infra.aws.security_groups import SecurityGroup
from infra.config.database import ApplyChanges, RestoreFrom
from infra.config.database_capacity import database_classes
from infra.config.options import Options
from infra.naming import DATABASE_INSTANCE, DATABASE_NAME, DATABASE_USER, Names
from infra.random_secret import random_secret
from infra.validation.waiting import MAINTENANCE_WINDOW, Running, alarmed, version_to_ask

# PostgreSQL's default port, which RDS uses as well.
PORT = 5432
# UTC. Backups come first, so that a fresh one exists before maintenance.
BACKUP_WINDOW = "03:00-03:30"
PASSWORD_LENGTH = 32
SLOW_STATEMENT_MILLISECONDS = 1000


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    names: Names
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    node_security_group_id: pulumi.Input[str]
    private_cidrs: Sequence[IPv4Network]
    # Of the whole stack: pools and database must fit each other.
    options: Options
    # The stack's databases that run, by identifier.
    running: Mapping[str, Running]


class Database(pulumi.ComponentResource):
    """A private, encrypted PostgreSQL that only nodes and their pods can reach."""

    host: pulumi.Output[str]
    port: pulumi.Output[int]
    endpoint: pulumi.Output[str]
    identifier: pulumi.Output[str]
    # The name of the snapshot that `pulumi destroy` leaves; None without one.
    final_snapshot: pulumi.Output[str] | None
    # A secret output, used only by the instance and one Kubernetes Secret.
    password: pulumi.Output[str]
    # What alarms watch until the maintenance window, which may not be what is written.
    instance_class: str
    storage_gb: int
    # Clients wait for these.
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: DatabaseArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("platform:database:Database", name, None, opts)
        self._name, self._args, self._child = name, args, ResourceOptions(parent=self)
        self._options = args.options.database

        resource = _resource_name(self._options.restore_from)
        running = running_database.of_resource(resource, args.running)
        if running:
            running_database.check(args.options, running)
        self._engine_version = version_to_ask(self._options, running)
        self.instance_class, self.storage_gb = alarmed(self._options, running)
        self.final_snapshot = self._final_snapshot() if self._options.final_snapshot else None
        password = self._create_password()
        security_group = self._create_security_group()
        rules = self._create_rules(security_group)
        instance = self._create_instance(resource, password, security_group)

        self._copy_backups(instance)

        self.host = instance.address
        self.port = instance.port
        self.endpoint = instance.endpoint
        self.identifier = instance.identifier
        self.password = password
        self.ready = [instance, *rules]
        self.register_outputs({"endpoint": self.endpoint})

    def _copy_backups(self, instance: aws.rds.Instance) -> None:
        if self._options.backup_copy_region:
            copy_backups(
                f"{self._name}-backup-copy",
                names=self._args.names,
                region=self._options.backup_copy_region,
                days=self._options.backup_days,
                source_arn=instance.arn,
                keep=self._options.keep_backups,
                opts=self._child,
            )

    def _create_password(self) -> pulumi.Output[str]:
        return random_secret(
            f"{self._name}-password",
            length=PASSWORD_LENGTH,
            version=self._args.options.secret_versions.database_password,
            opts=self._child,
        )

    def _create_security_group(self) -> SecurityGroup:
        return SecurityGroup(
            self._name,
            names=self._args.names,
            vpc_id=self._args.vpc_id,
            description="PostgreSQL",
            opts=self._child,
        )

    def _create_rules(self, group: SecurityGroup) -> list[pulumi.Resource]:
        from_nodes = group.admit(
            "from-nodes",
            source=self._args.node_security_group_id,
            port=PORT,
            description="PostgreSQL from nodes and their pods",
        )
        # Wider than the rule above: it allows every host of the private subnets.
        from_subnets = [
            group.admit(
                f"from-private-{index}",
                source=cidr,
                port=PORT,
                description="PostgreSQL from a private subnet",
            )
            for index, cidr in enumerate(self._args.private_cidrs, start=1)
        ]
        to_everywhere = group.let_out(
            description="Answers; the subnets have no route to the internet"
        )
        return [from_nodes, *from_subnets, to_everywhere]

    def _create_instance(
        self, resource: str, password: pulumi.Output[str], group: SecurityGroup
    ) -> aws.rds.Instance:
        options, protected = self._options, self._args.options.deletion_protection
        return aws.rds.Instance(
            resource,
            apply_immediately=options.apply_changes is ApplyChanges.NOW,
            engine="postgres",
            engine_version=self._engine_version,
            allow_major_version_upgrade=options.allow_major_upgrade,
            # A pinned minor stays: AWS would upgrade it, and the next `pulumi up` go back to it.
            auto_minor_version_upgrade="." not in options.version,
            engine_lifecycle_support=(
                "open-source-rds-extended-support"
                if options.extended_support
                else "open-source-rds-extended-support-disabled"
            ),
            instance_class=options.instance_class,
            allocated_storage=options.storage_gb,
            max_allocated_storage=options.storage_ceiling_gb,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=options.kms_key,
            **_contents(options.restore_from),
            password=password,
            db_subnet_group_name=self._create_subnet_group().name,
            vpc_security_group_ids=[group.id],
            publicly_accessible=False,
            parameter_group_name=self._create_parameter_group().name,
            multi_az=options.multi_az,
            backup_retention_period=options.backup_days,
            backup_window=BACKUP_WINDOW,
            maintenance_window=MAINTENANCE_WINDOW,
            performance_insights_enabled=options.performance_insights,
            performance_insights_kms_key_id=(
                options.kms_key if options.performance_insights else None
            ),
            enabled_cloudwatch_logs_exports=list(options.log_exports) or None,
            copy_tags_to_snapshot=True,
            delete_automated_backups=not options.keep_backups,
            deletion_protection=protected,
            skip_final_snapshot=not options.final_snapshot,
            final_snapshot_identifier=self.final_snapshot,
            tags=self._args.names.display("database"),
            opts=ResourceOptions(parent=self, protect=protected),
        )

    def _create_subnet_group(self) -> aws.rds.SubnetGroup:
        return aws.rds.SubnetGroup(
            f"{self._name}-subnets",
            subnet_ids=self._args.subnet_ids,
            description="Database subnets without a route to the internet",
            tags=self._args.names.display("database"),
            opts=self._child,
        )

    def _create_parameter_group(self) -> aws.rds.ParameterGroup:
        parameters = {
            "rds.force_ssl": "1",
            "log_min_duration_statement": str(SLOW_STATEMENT_MILLISECONDS),
            # The connection budget was checked against this number. It waits for a restart, so the
            # restart that changes the class brings the number of the new one.
            "max_connections": str(
                database_classes()[self._options.instance_class].max_connections
            ),
        }
        return aws.rds.ParameterGroup(
            f"{self._name}-parameters",
            family=f"postgres{self._engine_version.partition('.')[0]}",
            description="TLS only, and the platform's connection budget",
            parameters=[
                aws.rds.ParameterGroupParameterArgs(
                    name=name,
                    value=value,
                    # This parameter is static; the others change at once.
                    apply_method="pending-reboot" if name == "max_connections" else "immediate",
                )
                for name, value in parameters.items()
            ],
            tags=self._args.names.display("database"),
            opts=self._child,
        )

    def _final_snapshot(self) -> pulumi.Output[str]:
        """Return a unique name, so that a later stack of this name can make its own snapshot."""
        restored = self._options.restore_from
        suffix = random.RandomId(
            f"{self._name}-final-snapshot",
            byte_length=4,
            # A restored database and the one that it replaces each leave a snapshot.
            keepers={"restored_from": restored.source} if restored else None,
            opts=self._child,
        )
        return pulumi.Output.concat(self._args.names.snapshot, "-final-", suffix.hex)


def _resource_name(restored: RestoreFrom | None) -> str:
    """Give a restored database a name of its own, which makes Pulumi create it beside the old one.

    Everything that uses the database moves to the new one before Pulumi deletes the old one.
    """
    if restored is None:
        return DATABASE_INSTANCE
    return f"{DATABASE_INSTANCE}-{hashlib.sha256(restored.source.encode()).hexdigest()[:8]}"


def _contents(restored: RestoreFrom | None) -> dict[str, Any]:
    """Return what fills the database: nothing yet, or the data of another one.

    Restored data bring their database and user along, and RDS refuses to be told them.
    """
    if restored is None:
        return {"db_name": DATABASE_NAME, "username": DATABASE_USER}
    if restored.snapshot:
        return {"snapshot_identifier": restored.snapshot}
    latest = restored.point_in_time == "latest"
    instance = str(restored.instance)
    source = (
        "source_db_instance_automated_backups_arn"
        if instance.startswith("arn:")
        else "source_db_instance_identifier"
    )
    return {
        "restore_to_point_in_time": aws.rds.InstanceRestoreToPointInTimeArgs(
            **{source: instance},
            use_latest_restorable_time=latest or None,
            restore_time=None if latest else restored.point_in_time,
        )
    }
