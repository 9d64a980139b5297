"""The settings of the PostgreSQL database. Pure."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from infra.config.option_group import Group, Version

# As RDS takes it; "latest" is the newest time that RDS can restore, about five minutes ago.
PointInTime = Annotated[
    str,
    StringConstraints(
        pattern=r"^(latest|[0-9]{4}-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]Z)$"
    ),
]
REGION = r"^[a-z]{2,4}(-[a-z]+)+-[0-9]$"


class ApplyChanges(StrEnum):
    """When RDS changes class, standby, storage and version."""

    NOW = "now"
    WINDOW = "window"


class DatabaseLog(StrEnum):
    POSTGRESQL = "postgresql"
    UPGRADE = "upgrade"


class RestoreFrom(Group):
    """Where the data of a restored database come from: a snapshot, or a moment of an instance."""

    snapshot: str | None = Field(
        None,
        min_length=1,
        description="name or ARN of a snapshot, such as the output finalSnapshot",
    )
    point_in_time: PointInTime | None = Field(
        None, description='a moment in UTC such as "2026-11-30T09:30:00Z", or "latest"'
    )
    instance: str | None = Field(
        None,
        min_length=1,
        description="identifier of the instance that pointInTime refers to, or the ARN of the"
        " automated backups that it left",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        moment = self.point_in_time is not None, self.instance is not None
        if (self.snapshot is None) is not all(moment) or any(moment) is not all(moment):
            raise ValueError("name either a snapshot, or a pointInTime together with its instance")
        return self

    @property
    def source(self) -> str:
        """Name it in one line, which changes whenever the data would be other ones."""
        return self.snapshot or f"{self.instance} at {self.point_in_time}"


class DatabaseOptions(Group):
    version: Version = Field(
        description='PostgreSQL major in quotes ("15": newest minor) or a minor'
    )
    extended_support: bool = Field(
        default=False,
        description="true pays to stay past standard support; false lets AWS upgrade instead",
    )
    instance_class: str = Field(description="RDS instance class, such as db.t3.micro")
    storage_gb: int = Field(
        ge=20,
        le=59578,
        description="gp3 storage in GB, 20 to 59578 (RDS's limit is that of the ceiling)",
    )
    storage_ceiling_gb: int = Field(
        ge=22,
        le=65536,
        description="how far storage may grow in GB, a tenth above storageGb to 65536",
    )
    backup_days: int = Field(7, ge=1, le=35, description="days that backups are kept, 1 to 35")
    multi_az: bool = Field(description="whether a standby in another zone exists")
    allow_major_upgrade: bool = Field(
        default=False, description="true while `pulumi up` may upgrade to a new major version"
    )
    restore_from: RestoreFrom | None = Field(
        None,
        description="a snapshot, or a pointInTime of an instance, to make the database from; keep"
        " it afterwards",
    )
    final_snapshot: bool = Field(
        default=True,
        description="false deletes the database without a last snapshot; a snapshot costs"
        " $0.095 per GB a month",
    )
    keep_backups: bool = Field(
        default=True,
        description="false deletes the automated backups together with the database; otherwise"
        " AWS keeps them for backupDays",
    )
    apply_changes: ApplyChanges = Field(
        ApplyChanges.WINDOW,
        description="when class, multiAz, storage and version change: window (Sunday 04:00 UTC; a"
        " new class takes the database away for minutes) or now, which a new major needs",
    )
    backup_copy_region: str | None = Field(
        None,
        pattern=REGION,
        description="another region, which gets a copy of all backups; none by default, because it"
        " costs: $0.095 per GB a month there, $0.02 per GB on the way, and $1 a month for its key",
    )
    kms_key: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-z-]+$",
        description="ARN of a KMS key of your own ($1 a month) for the storage; AWS's own, which is"
        " free, by default. It can never change",
    )
    performance_insights: bool = Field(
        default=False,
        description="true keeps the load by statement and wait for 7 days, free of charge; false"
        " by default, because the dashboard Database shows load and locks",
    )
    log_exports: tuple[DatabaseLog, ...] = Field(
        (),
        description="logs copied to CloudWatch at $0.50 per GB: postgresql, upgrade; none by"
        " default, because RDS shows the last days itself",
    )
