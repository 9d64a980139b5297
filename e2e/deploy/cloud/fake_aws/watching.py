"""Alarms, the topics that they go to, and buckets. Nothing is measured and nothing is sent."""

from e2e.deploy.cloud.cloud import Asked
from e2e.deploy.cloud.fake_aws.kind import ACCOUNT, Account, Kind, named
from e2e.deploy.cloud.values import Values, text

TOPIC = "aws:sns/topic:Topic"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
BUCKET = "aws:s3/bucket:Bucket"
# What is a resource of its own to Pulumi, and a property of the bucket to AWS.
OF_BUCKETS = (
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
)


def _topic_arn(asked: Asked, account: Account) -> str:
    return account.arn("sns", text(asked.inputs, "name"))


def _topic(asked: Asked, identity: str, account: Account) -> Values:
    del asked, account
    return {"arn": identity, "owner": ACCOUNT}


def _alarm(asked: Asked, identity: str, account: Account) -> Values:
    del asked
    return {"arn": account.arn("cloudwatch", f"alarm:{identity}")}


def _bucket(asked: Asked, identity: str, account: Account) -> Values:
    del asked
    return {
        "arn": f"arn:aws:s3:::{identity}",
        "bucketDomainName": f"{identity}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{identity}.s3.{account.region}.amazonaws.com",
    }


KINDS = {
    TOPIC: Kind(
        identity=_topic_arn, fixed=frozenset({"name"}), outputs=_topic, names="name", longest=256
    ),
    ALARM: Kind(
        identity=named(),
        fixed=frozenset({"name"}),
        refers={"alarmActions": TOPIC, "okActions": TOPIC},
        outputs=_alarm,
        names="name",
    ),
    BUCKET: Kind(
        identity=named("bucket"),
        fixed=frozenset({"bucket"}),
        outputs=_bucket,
        names="bucket",
        longest=63,
    ),
    **{
        type_: Kind(
            identity=named("bucket"), fixed=frozenset({"bucket"}), refers={"bucket": BUCKET}
        )
        for type_ in OF_BUCKETS
    },
}
