"""What the stand-in takes from Loki's mounted configuration; the rest is not looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.monitoring.loki.check import disagreements, problems
from e2e.monitoring.loki.durations import seconds
from e2e.monitoring.loki.errors import ConfigurationError

# Loki's defaults where our configuration is silent.
_MAX_LABELS = 15
_MAX_LINE_BYTES = 256 * 1024
_GRACE = "10m"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, bytes and numbers; `retention` is None where nothing is ever deleted."""

    allow_structured_metadata: bool
    max_label_names: int
    max_line_bytes: int
    max_streams: int
    too_old: float | None
    too_new: float
    retention: float | None
    max_lookback: float | None


@dataclass(frozen=True, slots=True)
class Settings:
    port: int
    # On the volume.
    folder: Path
    limits: Limits


def read(content: Mapping[str, Any]) -> Settings:
    """Read the content of config.yaml; an error says what is wrong, and what to do."""
    if wrong := problems(content) or disagreements(content):
        raise ConfigurationError("\n".join(wrong))
    storage = content["common"]["storage"]
    if "filesystem" not in storage:
        raise ConfigurationError(
            f"common.storage is {sorted(storage)}: the stand-in has no bucket, only a filesystem"
        )
    return Settings(
        port=int(content["server"]["http_listen_port"]),
        folder=Path(storage["filesystem"]["chunks_directory"]),
        limits=_limits(content),
    )


def _limits(content: Mapping[str, Any]) -> Limits:
    given = content["limits_config"]
    deletes = content.get("compactor", {}).get("retention_enabled", False)
    rejects = given.get("reject_old_samples", True)
    return Limits(
        allow_structured_metadata=given.get("allow_structured_metadata", True),
        max_label_names=given.get("max_label_names_per_series", _MAX_LABELS),
        max_line_bytes=_MAX_LINE_BYTES,
        max_streams=given.get("max_global_streams_per_user", 5000),
        too_old=seconds(given.get("reject_old_samples_max_age", "1w")) if rejects else None,
        too_new=seconds(given.get("creation_grace_period", _GRACE)),
        retention=_optional(given.get("retention_period")) if deletes else None,
        max_lookback=_optional(given.get("max_query_lookback")),
    )


def _optional(text: str | None) -> float | None:
    """Read a duration that stands for no limit when it is 0 or missing."""
    return (seconds(text) or None) if text else None
