"""The settings of the service: environment variables named BACKEND_*, and nothing else.

Secrets never travel in the environment: a setting names the *file* that holds one.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "BACKEND_"

SslMode = Literal["disable", "prefer", "require", "verify-full"]
LogLevel = Literal["debug", "info", "warning", "error"]


def _http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return value.rstrip("/")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    environment: str = Field("local", min_length=1, max_length=63)
    log_level: LogLevel = "info"

    # A directory is the place of a Unix socket.
    database_host: str = Field(min_length=1)
    database_port: int = Field(5432, ge=1, le=65535)
    database_name: str = Field(min_length=1)
    database_user: str = Field(min_length=1)
    # Read at every new connection, so that a rotated password needs no restart.
    database_password_file: Path | None = None
    # `verify-full` verifies with the authorities of the system, or those in SSL_CERT_FILE.
    database_sslmode: SslMode = "require"
    database_pool_size: int = Field(8, ge=1, le=100)
    database_connect_timeout_seconds: float = Field(5, gt=0, le=60)
    database_statement_timeout_seconds: float = Field(15, gt=0, le=300)

    # The first token with all rights: `backend.migrate` stores its hash.
    admin_token_file: Path | None = None
    # The tokens with which the platform's Alertmanager delivers alerts and its Prometheus reads
    # targets: stored as above, and limited to that.
    ingest_token_file: Path | None = None
    discovery_token_file: Path | None = None
    # Signs the console's session cookies; without it the console is disabled.
    session_key_file: Path | None = None

    otlp_endpoint: Annotated[str, AfterValidator(_http_url)] | None = None
    trace_sample_ratio: float = Field(0.1, ge=0, le=1)

    max_body_bytes: int = Field(32 * 1024 * 1024, ge=1024, le=256 * 1024 * 1024)
    # After this time a contested alert is closed if nothing settles it. A repeat of Alertmanager
    # does, which usually comes after 4 h, or 12 h in kube-prometheus-stack.
    contested_hours: float = Field(12, gt=0, le=720)
    retention_delivery_days: int = Field(7, ge=1)
    retention_episode_days: int = Field(400, ge=31)
    retention_resolved_days: int = Field(30, ge=1)

    # A pod's probes come from outside of it; on a laptop 127.0.0.1 is enough.
    worker_host: str = "0.0.0.0"  # noqa: S104  # as above
    worker_port: int = Field(8001, ge=0, le=65535)
    shutdown_grace_seconds: float = Field(20, ge=0, le=600)

    @property
    def traced(self) -> bool:
        return self.otlp_endpoint is not None

    @model_validator(mode="after")
    def _socket_directories_carry_no_tls(self) -> Self:
        if self.database_host.startswith("/") and self.database_sslmode != "disable":
            raise ValueError(
                f"database_sslmode is {self.database_sslmode!r} but database_host is the directory"
                f" {self.database_host!r}, and a Unix socket has no TLS:"
                f" set {PREFIX}DATABASE_SSLMODE=disable"
            )
        return self


class SettingsError(Exception):
    """The environment does not describe a service that can start; the text says what to change."""


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings, or raise SettingsError with one sentence for each error."""
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    unknown = [_unknown(name) for name in sorted(given.keys() - set(variables()))]
    if unknown:
        raise SettingsError(" ".join(unknown))
    try:
        return Settings.model_validate({_field(name): value for name, value in given.items()})
    except ValidationError as error:
        raise SettingsError(" ".join(_sentences(error))) from error


def variables() -> list[str]:
    """Return the name of every variable that is read."""
    return [PREFIX + field.upper() for field in Settings.model_fields]


def _field(variable: str) -> str:
    return variable.removeprefix(PREFIX).lower()


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, variables(), n=1, cutoff=0.85)
    hint = f"did you mean {close[0]}?" if close else "remove it."
    return f"{name} is not a setting: {hint}"


def _sentences(error: ValidationError) -> list[str]:
    sentences = []
    for problem in error.errors(include_url=False):
        message = problem["msg"].removeprefix("Value error, ")
        if not problem["loc"]:
            sentences.append(f"{message}.")
            continue
        variable = PREFIX + str(problem["loc"][0]).upper()
        if problem["type"] == "missing":
            sentences.append(f"{variable} is missing: set it.")
        else:
            sentences.append(f"{variable}={problem['input']!r}: {message}.")
    return sentences
