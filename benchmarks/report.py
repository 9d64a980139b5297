"""What a run leaves: build/bench.json, for whoever compares runs."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.goals import Row


@dataclass(frozen=True)
class Machine:
    """Where and when; the load is that of the last minute, before and after the run."""

    started_at: str
    cores: int
    python: str
    postgres: str
    load_before: float
    load_after: float


def machine(started_at: datetime, postgres: str, load_before: float) -> Machine:
    return Machine(
        started_at=started_at.isoformat(timespec="seconds"),
        cores=os.cpu_count() or 0,
        python=platform.python_version(),
        postgres=postgres,
        load_before=load_before,
        load_after=os.getloadavg()[0],
    )


def write(path: Path, rows: Sequence[Row], where: Machine) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "machine": asdict(where),
        "rows": [asdict(row) | {"verdict": row.verdict} for row in rows],
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
