"""The PostgreSQL behind each RDS instance: made, given passwords and parameters, and ended."""

import os
from pathlib import Path

from e2e.cluster import topology
from e2e.cluster.processes import MARK
from e2e.deploy.cloud import environment
from e2e.deploy.cloud.cloud import Asked
from e2e.deploy.cloud.errors import StandInError
from e2e.deploy.cloud.fake_aws.database import PARAMETER_GROUP
from e2e.deploy.cloud.fake_aws.kind import Account
from e2e.deploy.cloud.postgres import PostgresServer, Settings, address_exists, free_port
from e2e.deploy.cloud.records import Resource
from e2e.deploy.cloud.values import Properties, Values, entries, text

# What PostgreSQL and RDS take when nobody says otherwise.
_PORT = 5432
_LOOPBACK = "127.0.0.1"


class Servers:
    """All PostgreSQL servers of a world; one directory each, named by the instance's id."""

    def __init__(self, directory: Path, host: str = _LOOPBACK) -> None:
        self._directory = directory
        self._host = host  # that new ones listen on

    def server(self, identity: str) -> PostgresServer:
        return PostgresServer(self._directory / identity)

    def existing(self) -> list[PostgresServer]:
        return [PostgresServer(path.parent) for path in self._directory.glob("*/server.json")]

    def create(self, asked: Asked, identity: str, account: Account) -> Values:
        settings = Settings(
            host=self._host,
            # On the loopback interface somebody's own database may have the usual one tomorrow.
            port=free_port(self._host, 0 if self._host == _LOOPBACK else _PORT),
            user=text(asked.inputs, "username"),
            database=text(asked.inputs, "dbName"),
            parameters=_parameters(text(asked.inputs, "parameterGroupName"), account),
            mark=os.environ.get(MARK, ""),
        )
        self._directory.mkdir(parents=True, exist_ok=True)
        PostgresServer.create(self._directory / identity, settings, text(asked.inputs, "password"))
        return {
            "address": settings.host,
            "port": settings.port,
            "endpoint": f"{settings.host}:{settings.port}",
        }

    def update(self, asked: Asked, old: Properties, account: Account) -> None:
        server = self.server(asked.id)
        if asked.inputs.get("password") != old.get("password"):
            server.set_password(text(asked.inputs, "password"))
        group = text(asked.inputs, "parameterGroupName")
        if group != old.get("parameterGroupName"):
            server.configure(_parameters(group, account))

    def reconfigure(self, group: Properties, instances: list[Resource]) -> None:
        """Take over changed parameters in all instances of the group."""
        for instance in instances:
            if instance.outputs.get("parameterGroupName") == group.get("name"):
                self.server(instance.id).configure(_values(group))


def reachable_host() -> str:
    """Find where pods reach a database: in the cluster's database subnet, if there is a cluster."""
    database = str(topology.DATABASE)
    return database if environment.kubeconfig() and address_exists(database) else _LOOPBACK


def only(servers: list[PostgresServer]) -> PostgresServer:
    if len(servers) != 1:
        raise StandInError(f"there are {len(servers)} databases, not one")
    return servers[0]


def _parameters(name: str, account: Account) -> dict[str, str]:
    group = account.find(PARAMETER_GROUP, name)
    return _values(group.outputs) if group else {}


def _values(group: Properties) -> dict[str, str]:
    parameters = [one for one in entries(group, "parameters") if isinstance(one, dict)]
    return {text(one, "name"): text(one, "value") for one in parameters}
