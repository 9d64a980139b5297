"""Errors, warnings and information about a configuration."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error stops the deployment, one if new only that of what does not run yet."""

    ERROR = "error"
    ERROR_IF_NEW = "error if new"
    WARNING = "warning"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about the problem (with the value), one about the remedy."""

    severity: Severity
    setting: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.message}. {self.remedy}."

    def as_dict(self) -> dict[str, str]:
        return {key: str(value) for key, value in asdict(self).items()}


def error(setting: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.ERROR, setting, message, remedy)


def warning(setting: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.WARNING, setting, message, remedy)


def error_if_new(setting: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.ERROR_IF_NEW, setting, message, remedy)


def information(setting: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.INFORMATION, setting, message, remedy)
