"""HAProxy as an ALB's target group: its configuration, its process, its targets while it runs.

Each target is a server of two backends: `checked` by the recorded health check, and `fallback`,
which gets the requests while no target is healthy, because an ALB fails open.
"""

import csv
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import cycle
from pathlib import Path

from e2e.cluster.processes import wait_until
from e2e.load_balancer.errors import LoadBalancerError
from e2e.load_balancer.target_group import FixedResponse, Recorded

PROGRAM = "/usr/sbin/haproxy"  # of Debian; not every user has the folder on PATH
HOST = "127.0.0.1"
_START_SECONDS = 20
_BACKENDS = ("checked", "fallback")
# Nothing is tried twice: whatever goes wrong between here and a target, a user sees. Seconds are
# AWS' defaults, but for the time to connect to a checked target: HAProxy has one for requests and
# checks. A new target is checked within half a second, where HAProxy would wait an interval.
_CONFIGURATION = """\
global
    stats socket {socket} level admin
    maxconn 2000
    noreuseport
    max-spread-checks 500
    log stdout format raw daemon
defaults
    mode http
    retries 0
    option forwardfor
    timeout connect 10s
    timeout client 60s
    timeout server 60s
frontend listener
    bind {host}:{port}
    log global
    option httplog
    option dontlog-normal
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Port 80
{answers}
    use_backend fallback if {{ nbsrv(checked) eq 0 }}
    default_backend checked
backend checked
    balance roundrobin
    timeout connect {timeout}
    timeout check {timeout}
    option httpchk
    http-check send meth GET uri {path} ver HTTP/1.1 hdr Host targets
    http-check expect status {matcher}
backend fallback
    balance roundrobin
"""


class HAProxy:
    """Runs until `close`. Each target's packets come from one of `sources`: an ALB's zones."""

    def __init__(self, directory: Path, port: int, sources: Sequence[str] = ()) -> None:
        self.url = f"http://{HOST}:{port}"
        self._directory = directory
        self._port = port
        self._sources = cycle([f"source {source}" for source in sources] or [""])
        self._recorded = Recorded()
        self._targets: set[str] = set()
        self._new: set[str] = set()  # no check has passed yet
        self._draining: dict[str, float] = {}  # until when, at the latest
        self._start()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()

    def configure(self, recorded: Recorded) -> None:
        """Follow a changed recording, by a restart: no drill changes it under load."""
        self.close()
        self._recorded = recorded
        self._start()
        targets, self._targets = self._targets, set()
        self._draining = {}
        self.set_targets(targets)

    def set_targets(self, wanted: AbstractSet[str]) -> None:
        """Register and deregister addresses, such as `10.0.11.130:8000`."""
        for address in sorted(wanted - self._targets):
            self._register(address)
        for address in self._targets - wanted:
            for backend in _BACKENDS:
                self._tell(f"set server {backend}/{address} state drain")
            delay = self._recorded.group.deregistration_delay
            self._draining[address] = time.monotonic() + delay
        self._targets = set(wanted)

    def tick(self) -> None:
        """Do what time has brought; call it about every second."""
        if self._process.poll() is not None:
            raise LoadBalancerError("HAProxy has ended: it says why above")
        servers = list(_servers(self._directory))
        for server in servers:
            self._let_in(server)
        for address, until in list(self._draining.items()):
            sessions = sum(int(each["scur"]) for each in servers if each["svname"] == address)
            if (sessions == 0 or time.monotonic() >= until) and self._remove(address):
                del self._draining[address]

    def states(self) -> dict[str, str]:
        return states(self._directory)

    def _start(self) -> None:
        file = self._directory / "haproxy.cfg"
        path = _socket(self._directory)
        path.unlink(missing_ok=True)
        file.write_text(self._configuration())
        self._process = subprocess.Popen(
            [PROGRAM, "-db", "-f", str(file)], stdin=subprocess.DEVNULL
        )
        # It makes the socket before it knows whether it can listen.
        wait_until(
            lambda: self._process.poll() is not None or is_up(self._directory),
            seconds=_START_SECONDS,
        )
        if not is_up(self._directory):
            self.close()
            raise LoadBalancerError("HAProxy does not start: it says why above")

    def _configuration(self) -> str:
        check = self._recorded.group.health_check
        return _CONFIGURATION.format(
            socket=_socket(self._directory),
            host=HOST,
            port=self._port,
            answers="\n".join(line for rule in self._recorded.rules for line in _answers(rule)),
            timeout=_milliseconds(check.timeout),
            path=check.path,
            matcher=check.matcher,
        )

    def _register(self, address: str) -> None:
        """Add a target, or take one back in that drains and so may be there still."""
        self._draining.pop(address, None)
        self._new.add(address)
        check, source = self._recorded.group.health_check, next(self._sources)
        # ALBs count an interval from the start of a check, HAProxy from its end: so the next
        # check after a timeout, which is what a silent death gives, comes earlier.
        sooner = max(check.interval - check.timeout, 0.001)
        options = (
            f"check inter {_milliseconds(check.interval)} fastinter {_milliseconds(sooner)}"
            f" rise {check.healthy_threshold} fall {check.unhealthy_threshold}"
        )
        answer = self._tell(
            f"add server checked/{address} {address} {source} {options}",
            f"add server fallback/{address} {address} {source}",
            f"enable health checked/{address}",
            *(f"set server {backend}/{address} state ready" for backend in _BACKENDS),
            # Last, because what becomes ready counts as healthy.
            f"set server checked/{address} health down",
        )
        if [server["svname"] for server in _servers(self._directory)].count(address) < 2:
            raise LoadBalancerError(f"HAProxy refuses the target {address}: {answer.strip()}")

    def _let_in(self, server: Mapping[str, str]) -> None:
        """Make a new target healthy after one good check: the threshold is for one that failed."""
        address = server["svname"]
        if address in self._new and server["check_health"] not in {"", "0"}:
            self._new.discard(address)
            self._tell(f"set server checked/{address} health up")

    def _remove(self, address: str) -> bool:
        """Cut what is left of a drained target; False when HAProxy is not yet done with it."""
        self._new.discard(address)
        for backend in _BACKENDS:
            self._tell(
                f"set server {backend}/{address} state maint",
                f"shutdown sessions server {backend}/{address}",
                f"del server {backend}/{address}",
            )
        return all(server["svname"] != address for server in _servers(self._directory))

    def _tell(self, *commands: str) -> str:
        return _ask(self._directory, "; ".join(commands))


def is_up(directory: Path) -> bool:
    try:
        return bool(_ask(directory, "show info"))
    except OSError:
        return False


def states(directory: Path) -> dict[str, str]:
    """Give each target's state, by address; `directory` is HAProxy's."""
    return {
        server["svname"]: _state(server["status"])
        for server in _servers(directory)
        if server["pxname"] == "checked"
    }


def _state(status: str) -> str:
    """Turn HAProxy's words, such as `UP 1/2` or `DRAIN`, into those of an ALB."""
    words = {"UP": "healthy", "DOWN": "unhealthy", "DRAIN": "draining", "MAINT": "draining"}
    return words[status.split(maxsplit=1)[0]]


def _answers(rule: FixedResponse) -> Iterator[str]:
    for path in rule.paths:
        match = f"path_beg {path[:-1]}" if path.endswith("*") else f"path {path}"
        yield (
            f"    http-request return status {rule.status} content-type {rule.content_type}"
            f' string "{rule.body}" if {{ {match} }}'
        )


def _servers(directory: Path) -> Iterator[Mapping[str, str]]:
    for row in csv.DictReader(_ask(directory, "show stat").removeprefix("# ").splitlines()):
        if row["pxname"] in _BACKENDS and row["svname"] != "BACKEND":
            yield row


def _ask(directory: Path, command: str) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(_socket(directory)))
        connection.sendall(f"{command}\n".encode())
        with connection.makefile() as answer:
            return answer.read()


def _socket(directory: Path) -> Path:
    return directory / "haproxy.sock"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f}ms"
