"""S3 buckets for logs: Loki's, which outlive a volume and its zone there, and those of AWS."""

from collections.abc import Callable
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.aws import iam
from infra.naming import Names

ABORT_UPLOADS_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class LogStoreArgs:
    names: Names
    # For the Name tag.
    role: str = "logs"
    deletion_protection: bool
    destroy_logs: bool
    # From the bucket's ARN to its policy.
    policy: Callable[[str], str] = iam.tls_only
    # Loki's compactor removes old logs itself.
    keep_days: int | None = None


class LogStore(pulumi.ComponentResource):
    """A private, encrypted bucket."""

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]
    # Logs are written after these.
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: LogStoreArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("platform:log_store:LogStore", name, None, opts)
        self._name, self._args, self._child = name, args, ResourceOptions(parent=self)

        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            # A bucket with objects cannot be deleted, which protects them.
            force_destroy=args.destroy_logs,
            tags=args.names.display(args.role),
            opts=ResourceOptions(parent=self, protect=args.deletion_protection),
        )
        self.bucket, self.arn = bucket.bucket, bucket.arn
        self.ready = [
            self._encrypt(),
            self._close(),
            self._set_policy(),
            self._set_lifecycle(),
        ]
        self.register_outputs({"bucket": self.bucket})

    def _encrypt(self) -> pulumi.Resource:
        default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(  # noqa: E501  the SDK's name
            sse_algorithm="AES256"
        )
        return aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=self.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=default
                )
            ],
            opts=self._child,
        )

    def _close(self) -> pulumi.Resource:
        return aws.s3.BucketPublicAccessBlock(
            f"{self._name}-private",
            bucket=self.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )

    def _set_policy(self) -> pulumi.Resource:
        return aws.s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=self.bucket,
            policy=self.arn.apply(self._args.policy),
            opts=self._child,
        )

    def _set_lifecycle(self) -> pulumi.Resource:
        unfinished = aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="unfinished-uploads",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            abort_incomplete_multipart_upload=(
                aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                    days_after_initiation=ABORT_UPLOADS_DAYS
                )
            ),
            expiration=(
                aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=self._args.keep_days)
                if self._args.keep_days
                else None
            ),
        )
        return aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle", bucket=self.bucket, rules=[unfinished], opts=self._child
        )
