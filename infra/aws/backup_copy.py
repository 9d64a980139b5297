"""The copy of the database's backups in another region."""

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.naming import Names

# The longest that KMS offers: without the key, nobody can read the copies.
KEY_DELETION_DAYS = 30


def copy_backups(
    name: str,
    *,
    names: Names,
    region: str,
    days: int,
    source_arn: pulumi.Input[str],
    keep: bool,
    opts: ResourceOptions,
) -> None:
    """Let RDS copy snapshots and logs to `region`; `keep` leaves their key behind, with them.

    RDS itself leaves the copies for their days, whatever happens to the database.
    """
    key = aws.kms.Key(
        f"{name}-key",
        region=region,
        description=f"Backups of the database of {names.cluster}",
        enable_key_rotation=True,
        deletion_window_in_days=KEY_DELETION_DAYS,
        tags=names.display("database-backups"),
        opts=ResourceOptions.merge(opts, ResourceOptions(retain_on_delete=keep)),
    )
    aws.rds.InstanceAutomatedBackupsReplication(
        name,
        region=region,
        source_db_instance_arn=source_arn,
        # An encrypted instance needs a key of the other region.
        kms_key_id=key.arn,
        retention_period=days,
        # RDS copies to one region only once, and cannot change how.
        opts=ResourceOptions.merge(opts, ResourceOptions(delete_before_replace=True)),
    )
