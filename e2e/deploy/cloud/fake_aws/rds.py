"""RDS: what it refuses, and the PostgreSQL behind each instance."""

from dataclasses import replace
from pathlib import Path

from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.fake_aws.network import GROUP, SUBNET
from e2e.deploy.cloud.fake_aws.rds_changes import (
    PENDING,
    actual_version,
    applied,
    check_storage,
    check_version,
    in_window,
    is_offered,
)
from e2e.deploy.cloud.fake_aws.services import KEY
from e2e.deploy.cloud.kinds import ACCOUNT, Account, Asked, Kind, arn, texts_at
from e2e.deploy.cloud.postgres import PostgresServer
from e2e.deploy.cloud.records import Records
from e2e.deploy.cloud.values import Properties

INSTANCE = "aws:rds/instance:Instance"
SUBNET_GROUP = "aws:rds/subnetGroup:SubnetGroup"
PARAMETER_GROUP = "aws:rds/parameterGroup:ParameterGroup"

REPLICATION = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
# Folders of what outlives an instance: snapshots by name, automated backups by the instance's id.
SNAPSHOTS, _BACKUPS = "snapshots", "backups"
_FEWEST_ZONES = 2
_SHORTEST_PASSWORD = 8
_FORBIDDEN = set('/@" ')


def engine_version(arguments: Properties) -> Properties:
    engine, version = arguments["engine"], arguments["version"]
    if engine != "postgres" or not is_offered(version):
        raise Rejected(f"no RDS engine versions found: {engine} {version}")
    return {"versionActual": actual_version(version)}


def instances(records: Records, arguments: Properties) -> Properties:
    wanted = arguments.get("tags", {}).items()
    found = (one.outputs for one in records.all(INSTANCE))
    matching = [one["identifier"] for one in found if wanted <= one.get("tagsAll", {}).items()]
    return {"instanceIdentifiers": matching}


def instance(records: Records, arguments: Properties) -> Properties:
    name = arguments["dbInstanceIdentifier"]
    for one in records.all(INSTANCE):
        if one.outputs["identifier"] == name:
            return {
                "dbInstanceClass": one.outputs["instanceClass"],
                "allocatedStorage": one.outputs["allocatedStorage"],
                "multiAz": one.outputs.get("multiAz", False),
                "engineVersion": actual_version(one.outputs["engineVersion"]),
            }
    raise Rejected(f"DBInstanceNotFound: {name}")


def pass_window(records: Records) -> None:
    """Let the maintenance window of every instance pass: what waits is applied by a restart."""
    for one in records.all(INSTANCE):
        records.put(replace(one, outputs=one.outputs | in_window(one.outputs)))
        PostgresServer(records.directory / PostgresServer.FOLDER / one.id).restart()


def _check_instance(asked: Asked, account: Account) -> None:
    password = asked.inputs["password"]
    if len(password) < _SHORTEST_PASSWORD or _FORBIDDEN & set(password):
        raise Rejected(
            f"InvalidParameterValue: MasterUserPassword: {_SHORTEST_PASSWORD} printable"
            ' characters at least, none of / @ " and space'
        )
    known = account.find(INSTANCE, asked.id)
    check_version(asked, known)
    check_storage(asked, known)
    major = asked.inputs["engineVersion"].partition(".")[0]
    group = account.find(PARAMETER_GROUP, asked.inputs.get("parameterGroupName", ""))
    if group and group.outputs["family"] != f"postgres{major}":
        raise Rejected(
            f"InvalidParameterCombination: the parameter group is of {group.outputs['family']},"
            f" the instance of postgres{major}"
        )


def _check_replication(asked: Asked, account: Account) -> None:
    inputs, source = asked.inputs, account.find(INSTANCE, asked.inputs["sourceDbInstanceArn"])
    region, key = inputs.get("region", account.region), inputs.get("kmsKeyId", "")
    if source and source.outputs["arn"].split(":")[3] == region:
        raise Rejected(f"InvalidParameterValue: source and copies are both in {region}")
    if source and source.outputs.get("storageEncrypted") and not key:
        raise Rejected(
            "InvalidParameterCombination: Encrypted instances require a valid KMS key ID"
        )
    if key and key.split(":")[3] != region:
        raise Rejected(f"InvalidParameterValue: {key} is no key of {region}")
    others = (one for one in account.all(REPLICATION) if one.id != asked.id)
    if any(one.outputs["sourceDbInstanceArn"] == inputs["sourceDbInstanceArn"] for one in others):
        raise Rejected("InvalidDBInstanceState: the instance is replicating already")


def _check_snapshot(asked: Asked, account: Account) -> None:
    if asked.inputs.get("skipFinalSnapshot") is True:
        return
    name = asked.inputs.get("finalSnapshotIdentifier")
    if not name:
        raise Rejected(
            "InvalidParameterCombination: FinalDBSnapshotIdentifier is required unless"
            f" skipFinalSnapshot is true: '{asked.name}'"
        )
    if _kept(account, SNAPSHOTS, name).exists():
        raise Rejected(f"DBSnapshotAlreadyExists: Cannot create the snapshot '{name}': it exists")


def _check_subnets(asked: Asked, account: Account) -> None:
    subnets = (account.find(SUBNET, one) for one in texts_at(asked.inputs, "subnetIds"))
    zones = {str(subnet.outputs["availabilityZone"]) for subnet in subnets if subnet}
    if len(zones) < _FEWEST_ZONES:
        raise Rejected(
            "DBSubnetGroupDoesNotCoverEnoughAZs: subnets of two zones at least, not of"
            f" {sorted(zones)}"
        )


def _server(identity: str, account: Account) -> PostgresServer:
    return PostgresServer(account.records.directory / PostgresServer.FOLDER / identity)


def _create_server(asked: Asked, identity: str, account: Account) -> Properties:
    server, source = _server(identity, account), _source(asked, account)
    if source:
        settings = server.restore(source, _parameters(asked, account), asked.inputs["password"])
    else:
        settings = server.create(
            user=asked.inputs["username"],
            database=asked.inputs.get("dbName", ""),
            parameters=_parameters(asked, account),
            password=asked.inputs["password"],
        )
    return {
        "username": settings.user,
        "dbName": settings.database,
        "address": settings.host,
        "port": settings.port,
        "endpoint": f"{settings.host}:{settings.port}",
    }


def _change_server(asked: Asked, old: Properties, account: Account) -> Properties:
    server, known = _server(asked.id, account), account.find(INSTANCE, asked.id)
    # Pulumi's state may be older than what the maintenance window made of the instance.
    changed = applied(asked.inputs, known.outputs if known else old)
    if asked.inputs["password"] != old.get("password"):
        server.set_password(asked.inputs["password"])
    if asked.inputs.get("parameterGroupName") != old.get("parameterGroupName"):
        server.configure(_parameters(asked, account))
    if {"instanceClass", "engineVersion"} & changed.keys() and not changed[PENDING]:
        server.restart()
    return changed


def _change_parameters(asked: Asked, old: Properties, account: Account) -> None:
    """Take over changed parameters in all instances of the group."""
    del old
    for instance in account.all(INSTANCE):
        if instance.outputs.get("parameterGroupName") == asked.id:
            _server(instance.id, account).configure(_values(asked.inputs))


def _source(asked: Asked, account: Account) -> Path | None:
    """Find the data that an instance begins with; None for an empty one."""
    moment = asked.inputs.get("restoreToPointInTime")
    if moment:
        arn_ = moment.get("sourceDbInstanceAutomatedBackupsArn", "")
        if not arn_ or not moment.get("useLatestRestorableTime"):
            raise Rejected("the fake RDS restores the last moment of an instance that is gone")
        found = _kept(account, _BACKUPS, arn_.rpartition(":ab-")[2])
    elif name := asked.inputs.get("snapshotIdentifier"):
        found = _kept(account, SNAPSHOTS, name)
    else:
        return None
    if {"username", "dbName"} & asked.inputs.keys():
        raise Rejected("InvalidParameterCombination: restored data have a user and a database")
    if not found.exists():
        raise Rejected(f"DBSnapshotNotFound: '{found.name}' not found")
    return found


def _destroy_server(asked: Asked, account: Account) -> None:
    server = _server(asked.id, account)
    if asked.inputs.get("skipFinalSnapshot") is not True:
        server.keep(_kept(account, SNAPSHOTS, asked.inputs["finalSnapshotIdentifier"]))
    if asked.inputs.get("deleteAutomatedBackups") is False:
        server.keep(_kept(account, _BACKUPS, asked.id))
    server.destroy()


def _kept(account: Account, folder: str, name: str) -> Path:
    return account.records.directory / folder / name


def backup_arn(instance: str) -> str:
    """Return what AWS calls the automated backups that an instance leaves."""
    return f"arn:aws:rds:us-east-1:{ACCOUNT}:auto-backup:ab-{instance}"


def _parameters(asked: Asked, account: Account) -> dict[str, str]:
    group = account.find(PARAMETER_GROUP, asked.inputs.get("parameterGroupName", ""))
    return _values(group.outputs) if group else {}


def _values(group: Properties) -> dict[str, str]:
    return {one["name"]: one["value"] for one in group.get("parameters", [])}


KINDS = {
    INSTANCE: Kind(
        identity="db-{new}",
        outputs={"arn": arn("rds", "db:{identifier}")},
        fixed=(
            "availabilityZone",
            "dbName",
            "dbSubnetGroupName",
            "engine",
            "kmsKeyId",
            "restoreToPointInTime",
            "snapshotIdentifier",
            "storageEncrypted",
            "username",
        ),
        refers={
            "dbSubnetGroupName": SUBNET_GROUP,
            "parameterGroupName": PARAMETER_GROUP,
            "vpcSecurityGroupIds": GROUP,
        },
        names="identifier",
        longest=63,
        protection=("deletionProtection", "InvalidParameterCombination"),
        check=_check_instance,
        check_delete=_check_snapshot,
        make=_create_server,
        change=_change_server,
        end=_destroy_server,
    ),
    REPLICATION: Kind(
        identity=lambda asked, account: account.fill(
            "arn:aws:rds:{region}:{account}:auto-backup:ab-{new}", asked
        ),
        fixed=("kmsKeyId", "region", "retentionPeriod", "sourceDbInstanceArn"),
        refers={"sourceDbInstanceArn": INSTANCE, "kmsKeyId": KEY},
        check=_check_replication,
    ),
    SUBNET_GROUP: Kind(
        identity="{name}",
        fixed=("name",),
        refers={"subnetIds": SUBNET},
        names="name",
        check=_check_subnets,
    ),
    PARAMETER_GROUP: Kind(
        identity="{name}",
        fixed=("name", "family", "description"),
        names="name",
        change=_change_parameters,
    ),
}
