"""The display styles of severities. The alerts package defines their order."""

from enum import StrEnum


class Tone(StrEnum):
    """The four looks a severity can have; each has its own colour and its own shape."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"
    OTHER = "other"


_TONES = {
    "critical": Tone.CRITICAL,
    "page": Tone.CRITICAL,
    "error": Tone.WARNING,
    "high": Tone.WARNING,
    "warning": Tone.WARNING,
    "info": Tone.INFO,
}


def tone_of(severity: str | None) -> Tone:
    return _TONES.get((severity or "").lower(), Tone.OTHER)
