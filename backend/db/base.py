"""Conventions of every table: constraint names, and instants as timestamptz in UTC."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime
from sqlmodel import Field, SQLModel

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = SQLModel.metadata
metadata.naming_convention = NAMING_CONVENTION


class Table(SQLModel):
    """Base of every table; importing it activates the naming convention."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def timestamp(**kwargs: Any) -> Any:
    """Describe a timestamptz column: the database stores no naive datetimes."""
    return Field(sa_type=DateTime(timezone=True), **kwargs)
