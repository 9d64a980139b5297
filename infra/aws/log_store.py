"""The S3 bucket for Loki's logs, which outlive a volume and its zone there."""

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
    deletion_protection: bool
    destroy_logs: bool


class LogStore(pulumi.ComponentResource):
    """A private, encrypted bucket; Loki's compactor removes old logs."""

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]
    # Loki writes after these.
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: LogStoreArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("platform:log_store:LogStore", name, None, opts)
        self._name, self._child = name, ResourceOptions(parent=self)

        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            # A bucket with objects cannot be deleted, which protects them.
            force_destroy=args.destroy_logs,
            tags=args.names.display("logs"),
            opts=ResourceOptions(parent=self, protect=args.deletion_protection),
        )
        self.bucket, self.arn = bucket.bucket, bucket.arn
        self.ready = [
            self._encrypt(),
            self._close(),
            self._refuse_plain_http(),
            self._drop_unfinished_uploads(),
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

    def _refuse_plain_http(self) -> pulumi.Resource:
        return aws.s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=self.bucket,
            policy=self.arn.apply(iam.tls_only),
            opts=self._child,
        )

    def _drop_unfinished_uploads(self) -> pulumi.Resource:
        return aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=self.bucket,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="unfinished-uploads",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    abort_incomplete_multipart_upload=(
                        aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                            days_after_initiation=ABORT_UPLOADS_DAYS
                        )
                    ),
                )
            ],
            opts=self._child,
        )
