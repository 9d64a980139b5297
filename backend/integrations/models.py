"""The integration table."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Identity, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from backend.db.base import Table, timestamp, utc_now


class Integration(Table, table=True):
    __tablename__ = "integration"

    id: int = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    slug: str = Field(sa_column=Column(Text, unique=True, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    # Base URLs of the Alertmanagers that deliver here; the reconciler asks them.
    alertmanagers: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    # Regular expression of their receivers that belong here; null: those that deliveries name.
    receivers: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    created_at: datetime = timestamp(default_factory=utc_now)
    revoked_at: datetime | None = timestamp(default=None, nullable=True)
