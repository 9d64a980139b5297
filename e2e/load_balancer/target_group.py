"""The recorded target group: the numbers that the program gave AWS, and the stand-in goes by."""

from contextlib import suppress
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from e2e.load_balancer.errors import EntranceError


class _Recorded(BaseModel):
    """Camel case as in Pulumi's state; what an ALB has and this does not use is ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore"
    )


class HealthCheck(_Recorded):
    """Defaults are those of an ALB's HTTP target group."""

    path: str = "/"
    interval: float = Field(default=30, gt=0)  # seconds between two checks of one target
    timeout: float = Field(default=5, gt=0)
    healthy_threshold: int = Field(default=5, ge=1)
    unhealthy_threshold: int = Field(default=2, ge=1)
    matcher: str = "200"
    port: str = "traffic-port"

    def accepts(self, status: int) -> bool:
        """Whether the matcher, such as `200`, `200,202` or `200-299`, names the status."""
        for part in self.matcher.split(","):
            first, _, last = part.partition("-")
            if int(first) <= status <= int(last or first):
                return True
        return False


class TargetGroup(_Recorded):
    arn: str = ""
    health_check: HealthCheck = HealthCheck()
    deregistration_delay: float = Field(default=300, ge=0)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the resource's properties from a JSON file."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValueError) as error:
            raise EntranceError(f"{path} is not a recorded target group: {error}") from error

    @property
    def failure_window(self) -> float:
        """Seconds for which a target that died silently still gets requests, at most.

        It dies right after a good check, each further check runs into its timeout, and only the
        last of the threshold takes it out.
        """
        check = self.health_check
        return check.interval * check.unhealthy_threshold + check.timeout


class Recording:
    """The file in which somebody records the target group, sooner or later."""

    def __init__(self, pattern: Path) -> None:
        self._pattern = pattern
        self._seen: tuple[Path, int] | None = None

    def changed(self) -> bool:
        """Whether there is something that `read` has not read; nothing at all is no change."""
        return self._newest() not in {None, self._seen}

    def read(self) -> TargetGroup:
        """Load the newest; one that no binding names, while there is none."""
        self._seen = self._newest()
        return TargetGroup.load(self._seen[0]) if self._seen else TargetGroup(arn="none yet")

    def _newest(self) -> tuple[Path, int] | None:
        found = self._pattern.parent.glob(self._pattern.name)
        times = []
        for path in found:
            with suppress(FileNotFoundError):  # deleted meanwhile
                times.append((path, path.stat().st_mtime_ns))
        return max(times, key=lambda each: each[1], default=None)
