"""The previews with numbers: `python -m tests.dashboards.pictures` runs the backend for minutes.

`--seconds` says for how long.
It writes build/dashboards/*.html and, where Chromium is, docs/screenshots/dashboard-*.png. The
backend, its worker, PostgreSQL, Prometheus and Alertmanager are real; so are Debian's exporters,
where they are installed. Kubernetes and OpenCost are a stand-in with made-up numbers.
"""

import argparse
import asyncio
import contextlib
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2

from local.environment import DATABASE_NAME
from tests.browser.chromium import HOW_TO_GET_IT, find_chromium, running_chromium
from tests.dashboards.scraping import backend, exporters, monitoring, rule_files, stand_in_cluster
from tests.support.chart import ROOT
from tests.support.local_platform import (
    FAST_INTERVALS,
    Platform,
    free_port,
    plain_environment,
    running,
)
from tests.support.prometheus import running_prometheus

SECONDS = 240.0
PREVIEWS = ROOT / "build" / "dashboards"
PICTURES = ROOT / "docs" / "screenshots"
WIDTH = 1440
# Its picture is of a real Kubernetes (docs/operations.md says how it was taken), and stays.
OF_A_REAL_CLUSTER = "kubernetes"
NOTE = (
    "Numbers: backend, worker, PostgreSQL and Prometheus ran on one machine for four minutes;"
    " Kubernetes and cost are a stand-in with made-up numbers."
)
WEBHOOK = "/api/v1/webhooks/alertmanager"
# As if somebody watched and something broke, now and then.
PATHS = ("/api/v1/alerts", "/api/v1/alerts?status=firing", "/api/v1/integrations", "/nowhere")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    draw(parser.parse_args().seconds)
    asyncio.run(take())


def draw(seconds: float) -> None:
    """Run everything for so long, then write the previews with what Prometheus has."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ports = {name: free_port() for name in ("worker", "prometheus", "alertmanager")}
        arguments = [*FAST_INTERVALS, *(f"--{name}-port={port}" for name, port in ports.items())]
        with (
            running(folder / "state", *arguments, environment=plain_environment()) as platform,
            contextlib.ExitStack() as stack,
        ):
            jobs = [
                *backend(platform.port, ports["worker"]),
                *monitoring(ports["prometheus"], ports["alertmanager"]),
                *stack.enter_context(stand_in_cluster()),
                *stack.enter_context(exporters(_database(platform), folder / "exporters.log")),
            ]
            prometheus = stack.enter_context(
                running_prometheus(jobs, folder, rule_files=rule_files(folder), interval="5s")
            )
            use(platform, seconds)
            command = [sys.executable, "-m", "dashboards", "--note", NOTE]
            command += ["--prometheus", prometheus.address, "--minutes", str(seconds / 60)]
            subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603  our own program


def use(platform: Platform, seconds: float) -> None:
    """Deliver alerts and look at them, as Alertmanager and people do."""
    rng, until, firing = random.Random(7), time.monotonic() + seconds, dict[str, str]()  # noqa: S311  no secret
    with platform.client() as client:
        while time.monotonic() < until:
            client.post(WEBHOOK, json=_delivery(rng, firing))
            if rng.random() < 0.1:
                client.post(WEBHOOK, json={"alerts": "none"})
            client.get(rng.choice(PATHS))
            with contextlib.suppress(httpx2.TimeoutException):
                client.get("/api/v1/alerts", headers={"Authorization": "Bearer wrong"})
            time.sleep(rng.uniform(0.05, 0.6))


def _delivery(rng: random.Random, firing: dict[str, str]) -> dict[str, object]:
    """Return a message of Alertmanager: some alerts begin, some end."""
    now = time.time()
    alerts = []
    for _ in range(rng.randint(1, 6)):
        name = f"{rng.choice(('HighLatency', 'QueueFull', 'PodRestarting'))}{rng.randint(1, 30)}"
        ends = name in firing and rng.random() < 0.5
        started = firing.pop(name) if ends else firing.setdefault(name, _time(now - 20))
        alerts.append(
            {
                "status": "resolved" if ends else "firing",
                "labels": {"alertname": name, "severity": "warning", "service": "shop"},
                "annotations": {"summary": "Made up."},
                "startsAt": started,
                "endsAt": _time(now) if ends else "0001-01-01T00:00:00Z",
                "generatorURL": "",
                # One in thirty has none, and is rejected.
                "fingerprint": f"{abs(hash(name)):016x}"[:16] if rng.random() > 0.03 else "",
            }
        )
    return {
        "version": "4",
        "groupKey": "{}:{}",
        "status": "firing",
        "receiver": "backend",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.com",
        "truncatedAlerts": 0,
        "alerts": alerts,
    }


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _database(platform: Platform) -> str | None:
    """Return the address of the local platform's PostgreSQL, which only listens on a socket."""
    sockets = list(platform.state.rglob(".s.PGSQL.5432"))
    if not sockets:
        return None
    return f"user=postgres dbname={DATABASE_NAME} host={sockets[0].parent} sslmode=disable"


async def take() -> None:
    """Take a picture of each preview."""
    executable = find_chromium()
    if executable is None:
        sys.exit(HOW_TO_GET_IT)
    async with running_chromium(executable) as browser:
        page = await browser.new_page(viewport={"width": WIDTH, "height": 900})
        previews = (each for each in PREVIEWS.glob("*.html") if each.stem != OF_A_REAL_CLUSTER)
        for preview in sorted(previews):
            await page.goto(preview.as_uri())
            path = PICTURES / f"dashboard-{preview.stem}.png"
            await page.screenshot(path=path, full_page=True)
            sys.stdout.write(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB\n")


if __name__ == "__main__":
    main()
