"""Roles and policies, keys, logs, alarms and their topics, buckets and the image registry.

Nothing is measured, sent or granted.
"""

import json
from collections.abc import Callable

from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.kinds import Account, Asked, Kind, arn
from e2e.deploy.cloud.records import Records, Resource
from e2e.deploy.cloud.values import Properties

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
KEY = "aws:kms/key:Key"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TOPIC = "aws:sns/topic:Topic"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
REPOSITORY = "aws:ecr/repository:Repository"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
# What is a resource of its own to Pulumi, and a property of the bucket to AWS.
_OF_BUCKETS = (
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    BUCKET_POLICY,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
)
# In place of the name that a program gives.
_EKS = "made by EKS"


def _check_document(key: str) -> Callable[[Asked, Account], None]:
    """Refuse an input that is no policy."""

    def check(asked: Asked, account: Account) -> None:
        del account
        try:
            document = json.loads(asked.inputs[key])
            valid = document["Version"] == "2012-10-17" and document["Statement"]
        except (ValueError, KeyError, TypeError):
            valid = False
        if not valid:
            raise Rejected(f"MalformedPolicyDocument: {key} of '{asked.name}' grants nothing")

    return check


def _check_log_group(asked: Asked, account: Account) -> None:
    name = asked.inputs["name"]
    if not asked.id and account.find(LOG_GROUP, name):
        raise Rejected(
            f"ResourceAlreadyExistsException: The specified log group already exists: '{name}'"
        )


def _write_again(asked: Asked, account: Account) -> None:
    """EKS delivers the last lines of a deleted cluster, and makes the group for them again."""
    if asked.id.startswith("/aws/eks/"):
        made = {"name": asked.id, "retentionInDays": 0}
        account.records.put(Resource(LOG_GROUP, _EKS, asked.id, made, ("name",)))


def made_by_eks(resource: Resource) -> bool:
    return resource.name == _EKS


def log_groups(records: Records, arguments: Properties) -> Properties:
    names = (one.id for one in records.all(LOG_GROUP))
    prefix = arguments["logGroupNamePrefix"]
    return {"logGroupNames": [name for name in names if name.startswith(prefix)], "arns": []}


def log_group(records: Records, arguments: Properties) -> Properties:
    [found] = [one.outputs for one in records.all(LOG_GROUP) if one.id == arguments["name"]]
    return {"logGroupClass": found.get("logGroupClass", "STANDARD")}


KINDS = {
    ROLE: Kind(
        identity="{name}",
        outputs={"arn": "arn:aws:iam::{account}:role/{name}"},
        fixed=("name", "path"),
        names="name",
        longest=64,
        check=_check_document("assumeRolePolicy"),
    ),
    POLICY: Kind(
        identity="{role}:{name}",
        fixed=("name", "role"),
        refers={"role": ROLE},
        names="name",
        longest=128,
        check=_check_document("policy"),
    ),
    ATTACHMENT: Kind(
        identity="{role}/{policyArn}",
        fixed=("role", "policyArn"),
        refers={"role": ROLE},
    ),
    KEY: Kind(identity="{new}", outputs={"arn": arn("kms", "key/{id}")}),
    LOG_GROUP: Kind(
        identity="{name}",
        outputs={"arn": arn("logs", "log-group:{name}")},
        fixed=("name",),
        names="name",
        longest=512,
        check=_check_log_group,
        end=_write_again,
    ),
    ALARM: Kind(
        identity="{name}",
        outputs={"arn": arn("cloudwatch", "alarm:{name}")},
        fixed=("name",),
        refers={"alarmActions": TOPIC, "okActions": TOPIC},
        names="name",
    ),
    TOPIC: Kind(
        identity=arn("sns", "{name}"),
        outputs={"arn": "{id}"},
        fixed=("name",),
        names="name",
        longest=256,
    ),
    BUCKET: Kind(
        identity="{bucket}",
        outputs={"arn": "arn:aws:s3:::{bucket}"},
        fixed=("bucket",),
        names="bucket",
        longest=63,
    ),
    **{
        type_: Kind(identity="{bucket}", fixed=("bucket",), refers={"bucket": BUCKET})
        for type_ in _OF_BUCKETS
    },
    REPOSITORY: Kind(
        identity="{name}",
        outputs={
            "arn": arn("ecr", "repository/{name}"),
            "registryId": "{account}",
            "repositoryUrl": "{account}.dkr.ecr.{region}.amazonaws.com/{name}",
        },
        fixed=("name", "encryptionConfigurations"),
        names="name",
    ),
    LIFECYCLE: Kind(
        identity="{repository}", fixed=("repository",), refers={"repository": REPOSITORY}
    ),
}
