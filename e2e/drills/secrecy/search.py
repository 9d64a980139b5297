"""Passwords and tokens of a run, and the search for them wherever they must not be."""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from e2e.cluster import topology
from e2e.drills.drill import Checks, DrillFailed
from e2e.drills.secrecy import evidence
from e2e.drills.secrecy.spellings import SHORTEST, found_in
from e2e.platform.platform import Platform
from infra.naming import AUTH_SECRET, DATABASE_SECRET, MONITORING_NAMESPACE, NAMESPACE
from infra.third_party import grafana


@dataclass(slots=True)
class Keeper:
    """Remembers, in memory alone, every secret that there was, and what was to be seen then."""

    secrets: dict[str, str] = field(default_factory=dict)  # by a name that may be printed
    _seen: dict[tuple[str, str], bytes] = field(default_factory=dict)  # by place and digest

    def collect(self, platform: Platform) -> None:
        """Take what there is now; called after each drill, since passwords and pods change."""
        if not platform.is_deployed:
            return
        for name, secret in _secrets_of(platform):
            self.learn(name, secret)
        for place, content in evidence.of_cluster(platform):
            self._seen[place, hashlib.sha256(content).hexdigest()] = content

    def learn(self, name: str, secret: str) -> None:
        if len(secret) < SHORTEST:
            raise DrillFailed(f"{name} has {len(secret)} characters: too few to be a secret")
        if secret not in self.secrets.values():
            self.secrets[f"{name} ({len(self.secrets) + 1})"] = secret

    def search(self, platform: Platform, checks: Checks) -> None:
        """No password and no token is in state, outputs, events, logs, pods or Helm's values."""
        self.collect(platform)
        if not self.secrets:  # the only drill of its run
            platform.engine.up()
            self.collect(platform)
        found, searched, places = [], 0, 0
        for place, content in self._everything(platform):
            searched, places = searched + len(content), places + 1
            found += [f"{name} in {place}" for name in found_in(content, self.secrets)]
        checks.note(
            found=len(found), searched_bytes=searched, places=places, secrets=len(self.secrets)
        )
        checks.require(not found, f"found: {'; '.join(found[:5])}")

    def _everything(self, platform: Platform) -> Iterator[tuple[str, bytes]]:
        yield from ((place, content) for (place, _), content in self._seen.items())
        paths = platform.cluster.paths
        # Where they belong: keys and tokens of the machine's administrator, etcd, which holds the
        # Secrets, and the nodes' disks, on which the kubelets mount them. Not the nodes' logs.
        spared = frozenset(
            {
                paths.pki,
                paths.kubeconfig,
                paths.state / "etcd",
                *(paths.node(node.name) / "lib" for node in topology.NODES.values()),
                platform.engine.workspace.passphrase,
            }
        )
        yield from evidence.of_files(paths.state, spared)


def _secrets_of(platform: Platform) -> Iterator[tuple[str, str]]:
    yield from _held(platform, NAMESPACE, (DATABASE_SECRET, AUTH_SECRET))
    if platform.stack.monitored:
        # The tokens of Alertmanager and Prometheus are in the backend's Secret, too.
        for name, value in _held(platform, MONITORING_NAMESPACE, (grafana.SECRET,)):
            if name.endswith(grafana.PASSWORD_KEY):  # the other key is a user's name
                yield name, value
    yield "passphrase of the state", platform.engine.workspace.passphrase.read_text()


def _held(platform: Platform, namespace: str, secrets: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give what Secrets hold, as `secret/key`."""
    for secret in secrets:
        data = platform.kubectl.get("secret", secret, f"--namespace={namespace}")["data"]
        for key, value in data.items():
            yield f"{secret}/{key}", base64.b64decode(value).decode()
