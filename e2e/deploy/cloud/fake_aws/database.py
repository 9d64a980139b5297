"""RDS as the tables know it. The PostgreSQL behind an instance is `servers.py`."""

import secrets
import string

from e2e.deploy.cloud.cloud import Asked
from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.fake_aws.kind import Account, Kind, flagged, named
from e2e.deploy.cloud.fake_aws.network import GROUP, SUBNET
from e2e.deploy.cloud.values import Values, entries, text

INSTANCE = "aws:rds/instance:Instance"
SUBNET_GROUP = "aws:rds/subnetGroup:SubnetGroup"
PARAMETER_GROUP = "aws:rds/parameterGroup:ParameterGroup"

# The newest minor of each major that RDS is known to offer (2026-05-14).
NEWEST = {"15": "15.18", "16": "16.14", "17": "17.10", "18": "18.4"}
# Older minors of each major can no longer be created (RDS withdrew them on 2026-05-01).
OLDEST_MINOR = {"15": 13, "16": 9, "17": 5, "18": 0}
_FEWEST_ZONES = 2
_SHORTEST_PASSWORD = 8
_FORBIDDEN = set('/@" ')
_UPPER = string.ascii_uppercase + string.digits


def _instance_id(asked: Asked, account: Account) -> str:
    del asked, account
    return "db-" + "".join(secrets.choice(_UPPER) for _ in range(26))


def _instance(asked: Asked, identity: str, account: Account) -> Values:
    version = text(asked.inputs, "engineVersion")
    name = text(asked.inputs, "identifier")
    return {
        "arn": account.arn("rds", f"db:{name}"),
        "resourceId": identity,
        "engineVersionActual": NEWEST.get(version, version),
        "status": "available",
        "hostedZoneId": "Z2R2ITUGPM61AM",
        "caCertIdentifier": "rds-ca-rsa2048-g1",
        "licenseModel": "postgresql-license",
    }


def _check_instance(asked: Asked, account: Account) -> None:
    password, version = text(asked.inputs, "password"), text(asked.inputs, "engineVersion")
    if len(password) < _SHORTEST_PASSWORD or _FORBIDDEN & set(password):
        raise Rejected(
            f"InvalidParameterValue: MasterUserPassword: {_SHORTEST_PASSWORD} printable"
            ' characters at least, none of / @ " and space'
        )
    major, _, minor = version.partition(".")
    known = account.find(INSTANCE, asked.id) if asked.id else None
    old = text(known.outputs, "engineVersion") if known else ""
    if text(asked.inputs, "engine") != "postgres" or major not in NEWEST:
        raise Rejected(f"InvalidParameterCombination: Cannot find version {version} for postgres")
    if version != old and minor and int(minor) < OLDEST_MINOR[major]:
        raise Rejected(f"InvalidParameterCombination: Cannot find version {version} for postgres")
    upgraded = old and old.partition(".")[0] != major
    if upgraded and asked.inputs.get("allowMajorVersionUpgrade") is not True:
        raise Rejected(
            "InvalidParameterCombination: The AllowMajorVersionUpgrade flag must be present when"
            " upgrading to a new major version."
        )
    group = account.find(PARAMETER_GROUP, text(asked.inputs, "parameterGroupName"))
    if group and text(group.outputs, "family") != f"postgres{major}":
        raise Rejected(
            f"InvalidParameterCombination: the parameter group is of {group.outputs['family']},"
            f" the instance of postgres{major}"
        )


def _protect_instance(asked: Asked, account: Account) -> None:
    flagged("deletionProtection", "InvalidParameterCombination")(asked, account)
    kept = text(asked.inputs, "finalSnapshotIdentifier")
    if asked.inputs.get("skipFinalSnapshot") is not True and not kept:
        raise Rejected(
            "InvalidParameterCombination: FinalDBSnapshotIdentifier is required unless"
            f" skipFinalSnapshot is true: '{asked.name}'"
        )


def _check_subnets(asked: Asked, account: Account) -> None:
    subnets = [account.find(SUBNET, str(one)) for one in entries(asked.inputs, "subnetIds")]
    zones = {subnet.outputs["availabilityZone"] for subnet in subnets if subnet}
    if len(zones) < _FEWEST_ZONES:
        raise Rejected(
            "DBSubnetGroupDoesNotCoverEnoughAZs: subnets of two zones at least, not of"
            f" {sorted(map(str, zones))}"
        )


KINDS = {
    INSTANCE: Kind(
        identity=_instance_id,
        fixed=frozenset(
            {
                "availabilityZone",
                "dbName",
                "dbSubnetGroupName",
                "engine",
                "kmsKeyId",
                "storageEncrypted",
                "username",
            }
        ),
        refers={
            "dbSubnetGroupName": SUBNET_GROUP,
            "parameterGroupName": PARAMETER_GROUP,
            "vpcSecurityGroupIds": GROUP,
        },
        outputs=_instance,
        names="identifier",
        longest=63,
        check=_check_instance,
        protect=_protect_instance,
    ),
    SUBNET_GROUP: Kind(
        identity=named(),
        fixed=frozenset({"name"}),
        refers={"subnetIds": SUBNET},
        outputs=lambda _asked, identity, account: {
            "arn": account.arn("rds", f"subgrp:{identity}"),
            "supportedNetworkTypes": ["IPV4"],
        },
        names="name",
        check=_check_subnets,
    ),
    PARAMETER_GROUP: Kind(
        identity=named(),
        fixed=frozenset({"name", "family", "description"}),
        outputs=lambda _asked, identity, account: {"arn": account.arn("rds", f"pg:{identity}")},
        names="name",
    ),
}
