"""`make bench`: measure, print the table, write build/bench.json; 1 when a must is missed."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import closing, footprint, instrumentation, intake, overhead, report
from benchmarks.alerta.server import alerta
from benchmarks.database import Postgres, postgres
from benchmarks.goals import Row, Verdict
from benchmarks.payloads import Mode, body_template
from benchmarks.processes import BUILD, ProcessFailed
from benchmarks.progress import say
from benchmarks.recording import NothingRecorded
from benchmarks.service import migrate, platform, record_scripts
from benchmarks.table import render


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    started, began = time.monotonic(), datetime.now(UTC)
    load_before = os.getloadavg()[0]
    try:
        version, rows = _measure(options.postgres)
    except (FileNotFoundError, NothingRecorded, ProcessFailed, intake.WorkNotDone) as error:
        say(f"bench: {error}")
        return 2
    where = report.machine(began, version, load_before)
    report.write(BUILD / "bench.json", rows, where)
    say(f"{time.monotonic() - started:.0f} s in all")
    sys.stdout.write(
        f"\nPostgreSQL {version}, Python {where.python}, {where.cores} cores;"
        f" load {where.load_before:.1f} before, {where.load_after:.1f} after\n\n{render(rows)}\n"
    )
    return 1 if any(row.verdict is Verdict.MISSED for row in rows) else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--postgres",
        choices=["embedded", "15"],
        default="embedded",
        help="the embedded PostgreSQL from PyPI, or Debian's 15",
    )
    return parser.parse_args(arguments)


def _measure(version: str) -> tuple[str, list[Row]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name, postgres(version) as server:
        directory = Path(name)
        token = migrate(server, directory)
        rows = [overhead.measure(), instrumentation.measure(server, directory, token)]
        rows += footprint.measure(server, directory)
        rows += _intake(server, directory, token)
        return server.version(), rows


def _intake(server: Postgres, directory: Path, token: str) -> list[Row]:
    say("recording a request's statements; installing Alerta beside our environment")
    scripts = record_scripts(server, directory, token)
    template = body_template(datetime.now(UTC))
    rows: list[Row] = []
    with platform(server, directory, token) as ours, alerta(server, directory) as other:
        for mode in Mode:
            contenders = intake.Intake(
                mode,
                postgres=server,
                platform=ours,
                other=other,
                template=template,
                script=scripts[mode],
            )
            rows += intake.measure(contenders, mode)
        rows.append(closing.measure(server, ours, template))
    return rows


if __name__ == "__main__":
    sys.exit(main())
