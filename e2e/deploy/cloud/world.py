"""The stand-in cloud as a test sees it: what exists in it, what was asked of it, and its faults."""

from collections.abc import Mapping
from pathlib import Path

from e2e.cluster.processes import MARK
from e2e.deploy.cloud import environment
from e2e.deploy.cloud.errors import StandInError
from e2e.deploy.cloud.fake_aws import servers
from e2e.deploy.cloud.fake_aws.servers import Servers
from e2e.deploy.cloud.plugins import write_executables
from e2e.deploy.cloud.postgres import PostgresServer
from e2e.deploy.cloud.records import Call, Fault, Records, Resource, short

_CHANGES = frozenset({"create", "update", "delete"})


class World:
    """A directory; another process that opens the same one sees the same world."""

    def __init__(
        self,
        directory: Path,
        *,
        database: Path | None = None,
        kubeconfig: Path | None = None,
        entrance: str = "",
    ) -> None:
        """Open or make one.

        `database`: where PostgreSQL's data goes; the user `postgres` must get there. `kubeconfig`:
        the local cluster's. `entrance`: its host and port, the name that the load balancer gets.
        """
        self.directory = directory
        self.plugins = directory / "plugins"
        self._records = Records(directory)
        self._database = database or directory / "postgres"
        self._servers = Servers(self._database)
        self._kubeconfig = kubeconfig
        self._entrance = entrance
        directory.mkdir(parents=True, exist_ok=True)
        write_executables(self.plugins)

    @property
    def environment(self) -> Mapping[str, str]:
        """What the plugins want to find in the engine's environment."""
        found = {environment.WORLD: str(self.directory), environment.POSTGRES: str(self._database)}
        if self._kubeconfig:
            found[environment.KUBECONFIG] = str(self._kubeconfig)
            # The cluster's `down` also ends what the plugins leave running.
            found[MARK] = str(self._kubeconfig.parent)
        if self._entrance:
            found[environment.ENTRANCE] = self._entrance
        found[environment.POSTGRES_BINARIES] = str(environment.postgres_binaries())
        return found

    def ledger(self, since: int = 0) -> list[Call]:
        """Every create, update and delete in the order of their ends, from number `since` on."""
        return [call for call in self._records.calls() if call.op in _CHANGES][since:]

    def calls(self) -> list[Call]:
        """Everything in the ledger: also what only reads and asks."""
        return self._records.calls()

    def resources(self) -> list[Resource]:
        """What exists now, whether or not Pulumi knows it."""
        return list(self._records.all())

    def outputs(self, type_: str, name: str) -> Path:
        """Find the file with a resource's properties; `type_` may lack its class (`aws:lb/x`)."""
        for resource in self._records.all():
            if resource.name == name and type_ in {resource.type, short(resource.type)}:
                return self._records.path(resource.type, resource.id)
        raise StandInError(f"{self.directory} has no {type_} '{name}'")

    def files(self, type_: str) -> Path:
        """Give a pattern of the files with the properties of a type; there may be none yet."""
        return self._records.files(type_)

    def fail(self, op: str, pattern: str) -> None:
        """Let every `op` of types or names like `pattern` fail, until `heal`."""
        self._add(Fault("fail", op, pattern))

    def slow(self, op: str, pattern: str, seconds: float) -> None:
        """Let every `op` of types or names like `pattern` begin so much later, until `heal`."""
        self._add(Fault("slow", op, pattern, seconds))

    def heal(self) -> None:
        self._records.set_faults([])

    @property
    def postgres(self) -> PostgresServer:
        """The database of the one RDS instance; raises if there is none, or more than one."""
        return servers.only(self._servers.existing())

    def down(self) -> list[str]:
        """End what the world runs, and say what was left in it."""
        left = [f"{resource.type} '{resource.name}'" for resource in self.resources()]
        for server in self._servers.existing():
            server.destroy()
            left.append(f"PostgreSQL in {self._database}")
        return left

    def _add(self, fault: Fault) -> None:
        self._records.set_faults([*self._records.faults(), fault])
