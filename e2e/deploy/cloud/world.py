"""The fake cloud as a test sees it: what exists in it, what was asked of it, and its faults."""

from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

from e2e.cluster.processes import MARK
from e2e.deploy.cloud import environment
from e2e.deploy.cloud.errors import CloudError
from e2e.deploy.cloud.fake_aws import catalogue as aws
from e2e.deploy.cloud.fake_aws import rds
from e2e.deploy.cloud.kinds import Asked
from e2e.deploy.cloud.postgres import PostgresServer
from e2e.deploy.cloud.records import Fault, Records, Resource


class World(Records):
    """A directory; another process that opens the same one sees the same world."""

    def __init__(
        self, directory: Path, *, kubeconfig: Path | None = None, address: str = ""
    ) -> None:
        """Open or make one.

        `kubeconfig`: the local cluster's. `address`: host and port of the local load balancer.
        """
        super().__init__(directory)
        self._kubeconfig = kubeconfig
        self._address = address
        directory.mkdir(parents=True, exist_ok=True)

    @property
    def environment(self) -> Mapping[str, str]:
        """What the plugins want to find in the engine's environment."""
        found = {environment.WORLD: str(self.directory)}
        if self._kubeconfig:
            found[environment.KUBECONFIG] = str(self._kubeconfig)
            # The cluster's `down` also ends what the plugins leave running.
            found[MARK] = str(self._kubeconfig.parent)
        if self._address:
            found[environment.ADDRESS] = self._address
        return found

    def fail(self, op: str, pattern: str) -> None:
        """Let every `op` of types or names like `pattern` fail, until `heal`."""
        self.set_faults([*self.faults(), Fault(op, pattern)])

    def slow(self, op: str, pattern: str, seconds: float) -> None:
        """Let every `op` of types or names like `pattern` begin so much later, until `heal`."""
        self.set_faults([*self.faults(), Fault(op, pattern, seconds)])

    def lose(self, type_: str) -> Resource:
        """Delete the one resource of a type outside of Pulumi, as somebody in AWS's console."""
        [lost] = self.all(type_)
        aws.provider(self).delete(Asked(type_, lost.name, dict(lost.outputs), lost.id))
        return lost

    def snapshot(self, name: str) -> None:
        """Copy the database as `aws rds create-db-snapshot` does; connections are cut for it."""
        self.postgres.keep(self.directory / rds.SNAPSHOTS / name)
        self.postgres.start()

    def pass_window(self) -> None:
        """Let RDS's maintenance window pass."""
        rds.pass_window(self)

    def change(self, type_: str, name: str = "*", **outputs: object) -> None:
        """Change resources outside of Pulumi, as AWS does by itself, or somebody in its console."""
        for one in self.all(type_):
            if fnmatch(one.name, name):
                self.put(replace(one, outputs=dict(one.outputs) | outputs))

    def heal(self) -> None:
        self.set_faults([])

    @property
    def postgres(self) -> PostgresServer:
        """The database of the one RDS instance; raises if there is none, or more than one."""
        servers = PostgresServer.all(self.directory)
        if len(servers) != 1:
            raise CloudError(f"there are {len(servers)} databases, not one")
        return servers[0]

    def down(self) -> list[str]:
        """End what the world runs, and say what was left in it."""
        servers = PostgresServer.all(self.directory)
        for server in servers:
            server.destroy()
        left = [f"{resource.type} '{resource.name}'" for resource in self.resources()]
        return [*left, *("PostgreSQL" for _ in servers)]
