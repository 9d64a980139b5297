"""What the program gave AWS for the load balancer: the recorded target group and listener rules."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


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
    matcher: str = "200"  # or `200,202`, or `200-299`


class TargetGroup(_Recorded):
    arn: str = ""
    health_check: HealthCheck = HealthCheck()
    deregistration_delay: float = Field(default=300, ge=0)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the resource's properties from a JSON file."""
        return cls.model_validate_json(path.read_bytes())

    @property
    def failure_window(self) -> float:
        """Seconds for which a target that died silently still gets requests, at most.

        It dies right after a good check, each further check runs into its timeout, and only the
        last of the threshold takes it out.
        """
        check = self.health_check
        return check.interval * check.unhealthy_threshold + check.timeout


@dataclass(frozen=True, slots=True)
class FixedResponse:
    """A listener rule that answers itself; the only kind that is understood."""

    paths: tuple[str, ...]
    status: int
    content_type: str
    body: str

    @classmethod
    def load(cls, path: Path) -> Self:
        rule = json.loads(path.read_bytes())
        [condition], [action] = rule["conditions"], rule["actions"]
        paths, answer = condition["pathPattern"]["values"], action["fixedResponse"]
        status, body = int(answer["statusCode"]), answer["messageBody"]
        return cls(tuple(paths), status, answer["contentType"], body)


@dataclass(frozen=True, slots=True)
class Recorded:
    group: TargetGroup = field(default_factory=TargetGroup)
    rules: tuple[FixedResponse, ...] = ()


@dataclass(frozen=True, slots=True)
class Recording:
    """The files in which somebody records, sooner or later; their names are patterns."""

    target_group: Path
    rules: Path

    def read(self) -> Recorded | None:
        """Load the newest target group, and all rules; None while there is no target group."""
        with suppress(FileNotFoundError):  # deleted meanwhile
            groups = sorted(_files(self.target_group), key=lambda path: path.stat().st_mtime_ns)
            rules = tuple(FixedResponse.load(path) for path in sorted(_files(self.rules)))
            return Recorded(TargetGroup.load(groups[-1]), rules) if groups else None
        return None


def _files(pattern: Path) -> Iterator[Path]:
    return pattern.parent.glob(pattern.name)
