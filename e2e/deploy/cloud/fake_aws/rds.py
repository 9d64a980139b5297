"""RDS: what it refuses, and the PostgreSQL behind each instance."""

from pathlib import Path

from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.fake_aws.network import GROUP, SUBNET
from e2e.deploy.cloud.kinds import ACCOUNT, Account, Asked, Kind, arn, texts_at
from e2e.deploy.cloud.postgres import PostgresServer
from e2e.deploy.cloud.values import Properties

INSTANCE = "aws:rds/instance:Instance"
SUBNET_GROUP = "aws:rds/subnetGroup:SubnetGroup"
PARAMETER_GROUP = "aws:rds/parameterGroup:ParameterGroup"

# The newest minor of each major that RDS is known to offer (2026-05-14).
_NEWEST = {"15": "15.18", "16": "16.14", "17": "17.10", "18": "18.4"}
# Older minors of each major can no longer be created (notice of 2026-08-30).
_OLDEST_MINOR = {"15": 15, "16": 11, "17": 7, "18": 0}
# Folders of what outlives an instance: snapshots by name, automated backups by the instance's id.
_SNAPSHOTS, _BACKUPS = "snapshots", "backups"
_FEWEST_ZONES = 2
_SHORTEST_PASSWORD = 8
_FORBIDDEN = set('/@" ')


def engine_version(arguments: Properties) -> Properties:
    engine, version = arguments["engine"], arguments["version"]
    major = version.partition(".")[0]
    if engine != "postgres" or major not in _NEWEST:
        raise Rejected(f"no RDS engine version matches {engine} {version}")
    return {"versionActual": _NEWEST[major] if version == major else version}


def _check_instance(asked: Asked, account: Account) -> None:
    password = asked.inputs["password"]
    if len(password) < _SHORTEST_PASSWORD or _FORBIDDEN & set(password):
        raise Rejected(
            f"InvalidParameterValue: MasterUserPassword: {_SHORTEST_PASSWORD} printable"
            ' characters at least, none of / @ " and space'
        )
    _check_version(asked, account)
    major = asked.inputs["engineVersion"].partition(".")[0]
    group = account.find(PARAMETER_GROUP, asked.inputs.get("parameterGroupName", ""))
    if group and group.outputs["family"] != f"postgres{major}":
        raise Rejected(
            f"InvalidParameterCombination: the parameter group is of {group.outputs['family']},"
            f" the instance of postgres{major}"
        )


def _check_version(asked: Asked, account: Account) -> None:
    version = asked.inputs["engineVersion"]
    major, _, minor = version.partition(".")
    known = account.find(INSTANCE, asked.id) if asked.id else None
    old = known.outputs["engineVersion"] if known else ""
    withdrawn = minor and version != old and int(minor) < _OLDEST_MINOR.get(major, 0)
    if asked.inputs["engine"] != "postgres" or major not in _NEWEST or withdrawn:
        raise Rejected(f"InvalidParameterCombination: Cannot find version {version} for postgres")
    upgraded = old and old.partition(".")[0] != major
    if upgraded and asked.inputs.get("allowMajorVersionUpgrade") is not True:
        raise Rejected(
            "InvalidParameterCombination: The AllowMajorVersionUpgrade flag must be present when"
            " upgrading to a new major version."
        )


def _check_snapshot(asked: Asked, account: Account) -> None:
    if asked.inputs.get("skipFinalSnapshot") is True:
        return
    name = asked.inputs.get("finalSnapshotIdentifier")
    if not name:
        raise Rejected(
            "InvalidParameterCombination: FinalDBSnapshotIdentifier is required unless"
            f" skipFinalSnapshot is true: '{asked.name}'"
        )
    if _kept(account, _SNAPSHOTS, name).exists():
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


def _change_server(asked: Asked, old: Properties, account: Account) -> None:
    server = _server(asked.id, account)
    if asked.inputs["password"] != old.get("password"):
        server.set_password(asked.inputs["password"])
    if asked.inputs.get("parameterGroupName") != old.get("parameterGroupName"):
        server.configure(_parameters(asked, account))


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
        found = _kept(account, _SNAPSHOTS, name)
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
        server.keep(_kept(account, _SNAPSHOTS, asked.inputs["finalSnapshotIdentifier"]))
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
