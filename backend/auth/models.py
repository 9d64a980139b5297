"""The token table. A token itself is never stored, only its SHA-256."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from backend.db.base import Table, timestamp, utc_now


class Token(Table, table=True):
    __tablename__ = "token"

    id: int = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    sha256: bytes = Field(sa_column=Column(LargeBinary, unique=True, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    scopes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    integration_id: int | None = Field(
        default=None,
        sa_column=Column(BigInteger, ForeignKey("integration.id", ondelete="CASCADE"), index=True),
    )
    created_at: datetime = timestamp(default_factory=utc_now)
    revoked_at: datetime | None = timestamp(default=None, nullable=True)
