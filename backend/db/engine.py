"""Connections: one engine for each process, made from the settings."""

from dataclasses import dataclass
from typing import Self

import asyncpg
import orjson
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.settings import Settings


def create_engine(settings: Settings, *, application_name: str = "backend-api") -> AsyncEngine:
    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(
            host=settings.database_host,
            port=settings.database_port,
            database=settings.database_name,
            user=settings.database_user,
            password=_password(settings),
            ssl=settings.database_sslmode,
            timeout=settings.database_connect_timeout_seconds,
            server_settings={
                "application_name": application_name,
                "statement_timeout": _milliseconds(settings.database_statement_timeout_seconds),
            },
        )

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_timeout=settings.database_connect_timeout_seconds,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )


def _password(settings: Settings) -> str | None:
    if settings.database_password_file is None:
        return None
    return settings.database_password_file.read_text(encoding="utf-8").strip()


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


@dataclass(frozen=True)
class Database:
    """The engine and its two kinds of session: transactional, and AUTOCOMMIT for reads."""

    engine: AsyncEngine
    sessions: async_sessionmaker[AsyncSession]
    read_sessions: async_sessionmaker[AsyncSession]

    @classmethod
    def from_engine(cls, engine: AsyncEngine) -> Self:
        reads = engine.execution_options(isolation_level="AUTOCOMMIT")
        return cls(
            engine=engine,
            sessions=async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False),
            read_sessions=async_sessionmaker(reads, class_=AsyncSession, expire_on_commit=False),
        )
