"""What a run was asked for; another process must know it to attach."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from e2e.cluster.cluster import MODULES as CLUSTER_MODULES
from e2e.cluster.control_plane import free_port
from e2e.deploy.engine.engine import MODULES as ENGINE_MODULES
from e2e.deploy.engine.stacks import Stack
from e2e.monitoring.provide import MODULES as MONITORING_MODULES


@dataclass(frozen=True, slots=True)
class Choices:
    stack: Stack
    # Of the entrance: `pulumi up` records it before anything listens there.
    port: int = field(default_factory=free_port)

    @property
    def modules(self) -> tuple[str, ...]:
        """Of the programs that these choices need."""
        monitoring = MONITORING_MODULES if self.stack.monitored else ()
        return tuple({*CLUSTER_MODULES, *ENGINE_MODULES, *monitoring})

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, file: Path) -> Self:
        content = json.loads(file.read_text())
        return cls(Stack(content["stack"]), content["port"])
