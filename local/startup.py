"""The platform's start, in order, with a line for each step."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from local import backend
from local.alertmanager import alertmanager, find_alertmanager
from local.environment import backend_environment, base_environment
from local.leftovers import forget_dead_server
from local.options import Options
from local.ports import ChosenPorts
from local.postgres import Postgres, check_version, describe, prepare_cluster
from local.processes import Supervisor
from local.prometheus import find_prometheus, prometheus
from local.state import State
from local.tokens import ensure_secret

_WORKER_PORT = 8001
_PROMETHEUS_PORT = 9090
_ALERTMANAGER_PORT = 9093


@dataclass(frozen=True)
class Ports:
    """Where each server listens, on 127.0.0.1."""

    backend: int
    worker: int
    prometheus: int
    alertmanager: int


@dataclass(frozen=True)
class Monitoring:
    """The binaries of Prometheus and Alertmanager."""

    prometheus: str
    alertmanager: str


def find_monitoring() -> Monitoring | None:
    """Return both binaries, or None unless both exist."""
    sender, receiver = find_prometheus(), find_alertmanager()
    return Monitoring(sender, receiver) if sender and receiver else None


def choose_ports(options: Options, ports: ChosenPorts) -> Ports:
    """Choose the ports. A requested port must be free; others move up to the next free one."""

    def choose(asked: int | None, usual: int, setting: str) -> int:
        return ports.next_free(usual) if asked is None else ports.require(asked, setting=setting)

    return Ports(
        backend=ports.require(options.port, setting="PORT"),
        worker=choose(options.worker_port, _WORKER_PORT, "--worker-port"),
        prometheus=choose(options.prometheus_port, _PROMETHEUS_PORT, "--prometheus-port"),
        alertmanager=choose(options.alertmanager_port, _ALERTMANAGER_PORT, "--alertmanager-port"),
    )


@dataclass(frozen=True)
class Startup:
    """Everything a start needs; `run` does it."""

    options: Options
    state: State
    ports: Ports
    monitoring: Monitoring | None
    supervisor: Supervisor
    tell: Callable[[str], None]

    async def run(self) -> None:
        """Return when every server is ready."""
        state = self.state
        for name in (state.admin_token, state.discovery_token, state.session_key):
            ensure_secret(name)
        environment = base_environment(self.state)
        postgres = describe(self.state, environment)
        await self._start_postgres(postgres)
        backend_settings = backend_environment(
            self.state,
            socket_directory=postgres.socket_directory,
            worker_port=self.ports.worker,
        )
        await self._start_backend(backend_settings)
        if self.monitoring:
            await self._start_monitoring(self.monitoring, environment)

    async def _start_postgres(self, postgres: Postgres) -> None:
        if not postgres.is_initialized:
            started = time.monotonic()
            prepare_cluster(postgres)
            for program in postgres.make_cluster():
                await self.supervisor.run(program)
            postgres.unfinished_data.rename(postgres.data)
            self._told("database", "created", started)
        check_version(postgres)
        forget_dead_server(postgres.locks)
        started = time.monotonic()
        await self.supervisor.start(postgres.server())
        self._told("postgresql", "ready", started)

    async def _start_backend(self, environment: dict[str, str]) -> None:
        started = time.monotonic()
        # The API takes as long to load as the migrations take to run, and is not ready before
        # the schema is.
        api = await self.supervisor.launch(backend.api(environment, port=self.ports.backend))
        await self.supervisor.run(backend.migrations(environment))
        self._told("schema", "up to date", started)
        worker = await self.supervisor.launch(backend.worker(environment, port=self.ports.worker))
        for running in (api, worker):
            await self.supervisor.wait_until_ready(running)
            self._told(running.program.name, "ready", started)

    async def _start_monitoring(self, monitoring: Monitoring, environment: dict[str, str]) -> None:
        started = time.monotonic()
        intervals, ports = self.options.intervals, self.ports
        receiver = alertmanager(
            monitoring.alertmanager,
            self.state,
            port=ports.alertmanager,
            backend_port=ports.backend,
            intervals=intervals,
            environment=environment,
        )
        sender = prometheus(
            monitoring.prometheus,
            self.state,
            port=ports.prometheus,
            backend_port=ports.backend,
            worker_port=ports.worker,
            alertmanager_port=ports.alertmanager,
            intervals=intervals,
            environment=environment,
        )
        for program in (receiver, sender):
            await self.supervisor.start(program)
            self._told(program.name, "ready", started)

    def _told(self, what: str, how: str, since: float) -> None:
        self.tell(f"{what:<12} {how} after {time.monotonic() - since:.1f} s")
