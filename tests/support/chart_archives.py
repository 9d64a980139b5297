"""Other projects' charts: pulled from their publishers into a cache, held to recorded checksums.

`make charts` pulls them. Nothing else goes to the network for a chart. `make charts-lock` also
records the checksums that infra/third_party/charts.lock lacks (`sha256sum` reads that file).
"""

import hashlib
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import helm_python

from e2e.programs.cache import cache_directory
from infra.third_party.charts import chart_source
from infra.versions import THIRD_PARTY_CHARTS, HelmChart
from tests.support.plan import ROOT

LOCK = ROOT / "infra" / "third_party" / "charts.lock"
# The process ends after this time, whatever Helm waits for.
_SECONDS = 600


class ChartError(Exception):
    """An archive that is missing, or that is not the one that was recorded."""


class ChartMissingError(ChartError):
    """`make charts` has not pulled this chart."""


def folder() -> Path:
    """Return where the archives are: `CHARTS`, else a folder of the cache outside the checkout."""
    configured = os.environ.get("CHARTS")
    return Path(configured).resolve() if configured else cache_directory() / "charts"


def find(name: str) -> Path:
    """Return a chart's archive, `<chart>-<version>.tgz`, with its checksum checked."""
    path = folder() / name
    if not path.exists():
        raise ChartMissingError(f"{name} is not in {path.parent}: run `make charts`")
    _check(path, recorded())
    return path


def recorded() -> dict[str, str]:
    """Read the lock: archive to SHA-256."""
    lines = LOCK.read_text().splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _check(path: Path, sums: dict[str, str]) -> None:
    if path.name not in sums:
        raise ChartError(
            f"no checksum is recorded for {path.name}:"
            " run `make charts-lock` where its publisher can be reached"
        )
    if (digest := _digest(path)) != sums[path.name]:
        raise ChartError(
            f"{path} is not the chart that was recorded: its SHA-256 is {digest},"
            f" and {LOCK.name} has {sums[path.name]}"
        )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def provide(chart: HelmChart, sums: dict[str, str], *, record: bool = False) -> None:
    """Pull a chart unless it is there; add its checksum to `sums` if it may be recorded."""
    target = folder() / chart.archive
    if not record or chart.archive in sums:
        if target.exists():
            _check(target, sums)
            return
        if chart.archive not in sums:
            _check(target, sums)  # says how to record it
    folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder(), prefix=".pull-") as scratch:
        pulled = _pull(chart, Path(scratch))
        if record:
            sums.setdefault(chart.archive, _digest(pulled))
        _check(pulled, sums)
        pulled.replace(target)


def _pull(chart: HelmChart, destination: Path) -> Path:
    source = chart_source(chart, None)
    try:
        helm_python.pull(
            source.chart,
            version=source.version,
            repo_url=source.repository,
            destination=destination,
        )
    except helm_python.HelmError as error:
        reason = str(error).splitlines()[-1]
        raise ChartError(f"{chart.archive} cannot be pulled: {reason}") from error
    return destination / chart.archive


def main(arguments: Sequence[str] | None = None) -> int:
    """Pull every chart; 1 when one of them cannot be had."""
    record = "--lock" in (sys.argv[1:] if arguments is None else arguments)
    signal.alarm(_SECONDS)
    pinned = {chart.archive for chart in THIRD_PARTY_CHARTS}
    sums = {name: digest for name, digest in recorded().items() if name in pinned}
    problems = []
    for chart in THIRD_PARTY_CHARTS:
        try:
            provide(chart, sums, record=record)
        except ChartError as error:
            problems.append(str(error))
    if record:
        LOCK.write_text("".join(f"{sums[name]}  {name}\n" for name in sorted(sums)))
    there = len(pinned) - len(problems)
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    sys.stdout.write(f"{there} of {len(pinned)} charts are in {folder()}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
