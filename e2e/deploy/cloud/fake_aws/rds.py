"""RDS: what it refuses, and the PostgreSQL behind each instance."""

from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.fake_aws.network import GROUP, SUBNET
from e2e.deploy.cloud.kinds import Account, Asked, Kind, arn, texts_at
from e2e.deploy.cloud.postgres import PostgresServer
from e2e.deploy.cloud.values import Properties

INSTANCE = "aws:rds/instance:Instance"
SUBNET_GROUP = "aws:rds/subnetGroup:SubnetGroup"
PARAMETER_GROUP = "aws:rds/parameterGroup:ParameterGroup"

# The newest minor of each major that RDS is known to offer (2026-05-14).
_NEWEST = {"15": "15.18", "16": "16.14", "17": "17.10", "18": "18.4"}
# Older minors of each major can no longer be created (RDS withdrew them on 2026-05-01).
_OLDEST_MINOR = {"15": 13, "16": 9, "17": 5, "18": 0}
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
    del account
    skipped = asked.inputs.get("skipFinalSnapshot") is True
    if not skipped and not asked.inputs.get("finalSnapshotIdentifier"):
        raise Rejected(
            "InvalidParameterCombination: FinalDBSnapshotIdentifier is required unless"
            f" skipFinalSnapshot is true: '{asked.name}'"
        )


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
    server = _server(identity, account)
    settings = server.create(
        user=asked.inputs["username"],
        database=asked.inputs.get("dbName", ""),
        parameters=_parameters(asked, account),
        password=asked.inputs["password"],
    )
    return {
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


def _destroy_server(asked: Asked, account: Account) -> None:
    _server(asked.id, account).destroy()


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
