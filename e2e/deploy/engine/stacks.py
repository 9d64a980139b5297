"""The stacks that a run can deploy: a stack file each, and the reference deployment behind both."""

from enum import StrEnum
from pathlib import Path

_HERE = Path(__file__).parent


class Stack(StrEnum):
    """What `--stack` chooses; the Pulumi stack is called `e2e` in both."""

    PLATFORM = "platform"
    OBSERVABILITY = "observability"

    @property
    def file(self) -> Path:
        return _HERE / f"Pulumi.{self}.yaml"

    @property
    def monitored(self) -> bool:
        """Whether the monitoring stack is installed, with all that it takes."""
        return self is Stack.OBSERVABILITY
