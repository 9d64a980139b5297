"""A platform with its database, and what it is asked in a slice."""

import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx2

from benchmarks.database import Postgres
from benchmarks.figures import percentile
from benchmarks.load import Job, Result
from benchmarks.payloads import ALERTS, Mode, body_of, known_groups
from benchmarks.processes import environment, python, run, service
from benchmarks.service import API, INTAKE, Platform, migrate

SECONDS = 3
REQUESTS = 60
_TIMES = 20
_FORM_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


@dataclass(frozen=True)
class Site:
    """A running platform, and a client that has signed in to its console."""

    platform: Platform
    client: httpx2.Client
    template: bytes

    def deliver(self, mode: Mode) -> float:
        """Deliver for some seconds and return the alerts per second."""
        job = Job(
            port=self.platform.port,
            path=INTAKE,
            token=self.platform.token,
            template=self.template.decode(),
            mode=mode,
            seconds=SECONDS,
        )
        output = run(python("benchmarks.load"), stdin=job.model_dump_json().encode())
        result = Result.model_validate_json(output)
        return len(result.latencies_ms) * ALERTS / result.seconds

    def milliseconds(self, paths: Sequence[str]) -> float:
        """Ask for these addresses in turn and return the median time of an answer."""
        times = []
        for number in range(REQUESTS):
            began = time.perf_counter()
            self.client.get(paths[number % len(paths)]).raise_for_status()
            times.append((time.perf_counter() - began) * 1000)
        return percentile(times, 50)

    def know_groups(self) -> None:
        """Deliver once what updates repeat."""
        for group in known_groups():
            self.platform.post(body_of(self.template, group))


@dataclass(frozen=True)
class Place:
    """Where a platform runs: its database is migrated, and knows the token."""

    postgres: Postgres
    folder: Path
    token: str

    @classmethod
    def create(cls, postgres: Postgres, folder: Path) -> "Place":
        folder.mkdir()
        return cls(postgres, folder, migrate(postgres, folder))

    @contextmanager
    def site(self, template: bytes) -> Iterator[Site]:
        key = self.folder / "session-key"
        key.write_text(secrets.token_hex(32))
        settings: Mapping[str, str] = self.postgres.settings(BACKEND_SESSION_KEY_FILE=str(key))
        with (
            service(API, self.folder / "api.log", environment(**settings)) as api,
            httpx2.Client(
                base_url=f"http://127.0.0.1:{api.port}", trust_env=False, timeout=60
            ) as client,
        ):
            _sign_in(client, self.token)
            client.headers["Authorization"] = f"Bearer {self.token}"
            yield Site(Platform(api, self.token), client, template)


def _sign_in(client: httpx2.Client, token: str) -> None:
    found = _FORM_TOKEN.search(client.get("/sign-in").text)
    if found is None:
        raise ValueError("the console shows no form to sign in")
    client.post("/sign-in", data={"form_token": found[1], "token": token})


# What people ask for all the time: a slice asks for these in turn.
LISTS = (
    "/api/v1/alerts",
    "/api/v1/alerts?status=firing",
    "/api/v1/alerts?service=service-17",
    "/api/v1/alerts?label=namespace%3Dteam-7&severity=critical",
)
NOW_PAGE = ("/",)
MATCHERS = (
    "/api/v1/alerts?filter=service%3D~%22service-1.%22",
    "/api/v1/alerts?filter=namespace%3D%22team-7%22&filter=severity%21%3D%22info%22",
)

# What matches often, what fires, and what is nowhere.
FREE_TEXT = (
    "/api/v1/alerts?q=restarts",
    "/api/v1/alerts?status=firing&q=checkout-a",
    "/api/v1/alerts?q=checkout-nowhere",
)


def two_hours(end: datetime, days: int) -> Sequence[str]:
    """Ask what happened in two hours, on days that are spread over this time."""
    begins = [end - timedelta(days=days) * (number / _TIMES) for number in range(1, _TIMES)]
    times = [(at, at + timedelta(hours=2)) for at in begins]
    return [
        "/api/v1/episodes?" + urlencode({"since": since.isoformat(), "until": until.isoformat()})
        for since, until in times
    ]
