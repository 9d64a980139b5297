"""Roles and their policies, encryption keys and log groups."""

import json
import uuid
from datetime import UTC, datetime

from e2e.deploy.cloud.cloud import Asked
from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.fake_aws.kind import Account, Kind, joined, named
from e2e.deploy.cloud.records import now
from e2e.deploy.cloud.values import Values, text

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
KEY = "aws:kms/key:Key"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"

_AWS_MANAGED = "arn:aws:iam::aws:policy/"
# Of the policies that AWS manages, those that a cluster like ours may have. Another one is unknown
# here until it is added; a misspelt one is unknown to AWS as well.
_MANAGED_POLICIES = {
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEC2ContainerRegistryReadOnly",
    "AmazonEKSClusterPolicy",
    "AmazonEKSWorkerNodeMinimalPolicy",
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonSSMManagedInstanceCore",
    "service-role/AmazonEBSCSIDriverPolicy",
}


def _role(asked: Asked, identity: str, account: Account) -> Values:
    del asked
    return {
        "arn": account.arn("iam", f"role/{identity}", everywhere=True),
        "uniqueId": f"AROA{uuid.uuid4().hex[:17].upper()}",
        "createDate": _today(),
        "path": "/",
        "maxSessionDuration": 3600,
    }


def _check_document(key: str, asked: Asked) -> None:
    try:
        document = json.loads(text(asked.inputs, key))
        statements = document["Statement"]
    except (ValueError, KeyError, TypeError) as error:
        raise Rejected(
            f"MalformedPolicyDocument: {key} of '{asked.name}' is no policy: {error!r}"
        ) from None
    if not statements or document.get("Version") != "2012-10-17":
        raise Rejected(f"MalformedPolicyDocument: {key} of '{asked.name}' grants nothing")


def _check_role(asked: Asked, account: Account) -> None:
    del account
    _check_document("assumeRolePolicy", asked)


def _check_policy(asked: Asked, account: Account) -> None:
    del account
    _check_document("policy", asked)


def _check_attachment(asked: Asked, account: Account) -> None:
    del account
    arn = text(asked.inputs, "policyArn")
    if arn.removeprefix(_AWS_MANAGED) not in _MANAGED_POLICIES:
        raise Rejected(f"NoSuchEntity: Policy {arn} does not exist or is not attachable.")


def _key_id(asked: Asked, account: Account) -> str:
    del asked, account
    return str(uuid.uuid4())


def _key(asked: Asked, identity: str, account: Account) -> Values:
    del asked
    return {
        "arn": account.arn("kms", f"key/{identity}"),
        "keyId": identity,
        "policy": json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "root"}]}),
        "multiRegion": False,
        "rotationPeriodInDays": 365,
    }


def _log_group(asked: Asked, identity: str, account: Account) -> Values:
    del asked
    return {
        "arn": account.arn("logs", f"log-group:{identity}"),
        "logGroupClass": "STANDARD",
        "skipDestroy": False,
    }


def _today() -> str:
    return datetime.fromtimestamp(now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


KINDS = {
    ROLE: Kind(
        identity=named(),
        fixed=frozenset({"name", "path"}),
        outputs=_role,
        names="name",
        longest=64,
        check=_check_role,
    ),
    POLICY: Kind(
        identity=joined(":", "role", "name"),
        fixed=frozenset({"name", "role"}),
        refers={"role": ROLE},
        names="name",
        longest=128,
        check=_check_policy,
    ),
    ATTACHMENT: Kind(
        identity=joined("/", "role", "policyArn"),
        fixed=frozenset({"role", "policyArn"}),
        refers={"role": ROLE},
        check=_check_attachment,
    ),
    KEY: Kind(identity=_key_id, outputs=_key),
    LOG_GROUP: Kind(
        identity=named(), fixed=frozenset({"name"}), outputs=_log_group, names="name", longest=512
    ),
}
