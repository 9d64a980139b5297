"""The service table. docs/adr/0012 says what a service is."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Identity, Index, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from backend.db.base import Table, timestamp, utc_now


class Service(Table, table=True):
    __tablename__ = "service"
    __table_args__ = (Index(None, "owner", "slug"),)

    id: int = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    # Byte order: lists and Prometheus see the same order, whatever the database's locale.
    slug: str = Field(sa_column=Column(Text(collation="C"), unique=True, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    description: str = Field(sa_column=Column(Text, nullable=False))
    owner: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    tier: int | None = Field(default=None, sa_column=Column(SmallInteger, nullable=True))
    runbook_url: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    repository_url: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    dashboard_url: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    # ScrapeGroups as the API took them: read and written as a whole, never searched.
    scrape_targets: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    # Counts the changes: what If-Match compares with.
    version: int = Field(default=1, sa_column=Column(BigInteger, nullable=False))
    created_at: datetime = timestamp(default_factory=utc_now)
    updated_at: datetime = timestamp(default_factory=utc_now)
