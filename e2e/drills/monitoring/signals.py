"""Prometheus and Jaeger as drills ask them: each by a port-forward, as people do."""

import json
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from e2e.platform.errors import PlatformError
from e2e.platform.platform import Platform
from infra import naming
from infra.third_party.jaeger import NAME as JAEGER
from infra.third_party.jaeger import QUERY_PORT

IN_MONITORING = f"--namespace={naming.MONITORING_NAMESPACE}"
_PROMETHEUS_PORT = 9090
_START_SECONDS = 20
_ANSWER_SECONDS = 15
_READY = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+) ")


@dataclass(frozen=True, slots=True)
class Api:
    """A JSON API over HTTP at `url`."""

    url: str

    def data(self, path: str, **query: str | float) -> Any:
        """Give `data` of the answer; PlatformError with status and text when it is not a 2xx."""
        address = f"{self.url}{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(address, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310  127.0.0.1
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")[:200]
            raise PlatformError(f"GET {path} answered {error.code}: {text}") from None


def prometheus(platform: Platform) -> AbstractContextManager[Api]:
    return _forwarded(platform, naming.PROMETHEUS_SERVICE, _PROMETHEUS_PORT)


def jaeger(platform: Platform) -> AbstractContextManager[Api]:
    return _forwarded(platform, JAEGER, QUERY_PORT)


@contextmanager
def _forwarded(platform: Platform, service: str, port: int) -> Iterator[Api]:
    """Run `kubectl port-forward` while the context is open."""
    kubectl = platform.kubectl
    command = [
        *(str(kubectl.program), f"--kubeconfig={kubectl.kubeconfig}", IN_MONITORING),
        *("port-forward", f"service/{service}", f":{port}", "--address=127.0.0.1"),
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield Api(f"http://127.0.0.1:{_port(process, service)}")
        finally:
            process.terminate()


def _port(process: subprocess.Popen[str], service: str) -> int:
    """Wait for the line that names the port; kubectl writes it when it listens."""
    deadline, lines = time.monotonic() + _START_SECONDS, []
    while process.stdout and time.monotonic() < deadline:
        line = process.stdout.readline()
        if match := _READY.match(line):
            return int(match[1])
        if not line:
            break
        lines.append(line.strip())
    raise PlatformError(f"{service} cannot be forwarded to this machine: {' '.join(lines)}")
