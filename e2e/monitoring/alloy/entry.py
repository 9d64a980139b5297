"""A log line on its way."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Entry:
    """`timestamp` in nanoseconds since 1970; `extracted` lives as long as the pipeline."""

    labels: dict[str, str]
    line: str
    timestamp: int
    metadata: dict[str, str] = field(default_factory=dict)
    extracted: dict[str, object] = field(default_factory=dict)
