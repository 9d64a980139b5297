"""Certificate authorities, certificates and a kubeconfig per client, made anew for each cluster."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import trustme

from e2e.cluster import topology


@dataclass(frozen=True, slots=True)
class Client:
    """Who a certificate speaks for: Kubernetes reads the user from CN and the group from O."""

    file: str
    user: str
    group: str | None = None


CLIENTS = (
    Client("admin", "admin", "system:masters"),
    Client("controller-manager", "system:kube-controller-manager"),
    Client("scheduler", "system:kube-scheduler"),
    Client("kube-proxy", "system:kube-proxy"),
    Client("kube-router", "kube-router"),
    *(Client(n.name, f"system:node:{n.name}", "system:nodes") for n in topology.NODES.values()),
)


def write_all(directory: Path) -> None:
    """Fill `directory`, which only root may read, with all that the cluster's parts identify by."""
    directory.mkdir(parents=True, mode=0o700)
    # Authorities of their own: sharing one would let every client into etcd, or pass for the proxy.
    cluster, front_proxy, etcd = trustme.CA(), trustme.CA(), trustme.CA()
    for name, authority in (("ca", cluster), ("front-proxy-ca", front_proxy), ("etcd-ca", etcd)):
        (directory / f"{name}.crt").write_bytes(authority.cert_pem.bytes())
    issue(front_proxy, directory / "front-proxy", "front-proxy")
    issue(etcd, directory / "etcd", "etcd", names=("127.0.0.1",))
    issue(etcd, directory / "etcd-client", "kube-apiserver")
    # Its key alone is used.
    issue(cluster, directory / "service-account", "service-account")
    issue(cluster, directory / "apiserver", "kube-apiserver", names=tuple(_api_names()))
    issue(cluster, directory / "apiserver-kubelet", "apiserver-kubelet", group="system:masters")
    addresses = {node.name: str(node.address) for node in topology.NODES.values()}
    for client in CLIENTS:
        address = addresses.get(client.file)
        names = (client.file, address) if address else ()
        issue(cluster, directory / client.file, client.user, group=client.group, names=names)
        write_kubeconfig(directory / f"{client.file}.conf", directory, client.file)


def issue(
    authority: trustme.CA,
    path: Path,
    user: str,
    *,
    group: str | None = None,
    names: tuple[str, ...] = (),
) -> None:
    """Write `path`.crt and `path`.key; every certificate may serve as client and as server."""
    # Without any name, Go would refuse it.
    made = authority.issue_cert(*(names or (path.name,)), common_name=user, organization_name=group)
    path.with_name(f"{path.name}.crt").write_bytes(made.cert_chain_pems[0].bytes())
    key = path.with_name(f"{path.name}.key")
    key.touch(mode=0o600)
    key.write_bytes(made.private_key_pem.bytes())


def write_kubeconfig(path: Path, directory: Path, client: str) -> None:
    """Write a kubeconfig that holds certificate and key itself, so that it can be copied."""

    def content(file: str) -> str:
        return base64.b64encode((directory / file).read_bytes()).decode()

    cluster = {
        "server": topology.API_SERVER_URL,
        "certificate-authority-data": content("ca.crt"),
    }
    user = {
        "client-certificate-data": content(f"{client}.crt"),
        "client-key-data": content(f"{client}.key"),
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "local", "cluster": cluster}],
        "users": [{"name": client, "user": user}],
        "contexts": [{"name": "local", "context": {"cluster": "local", "user": client}}],
        "current-context": "local",
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=1))


def _api_names() -> Iterator[str]:
    service = ("kubernetes", "default", "svc", *topology.CLUSTER_DOMAIN.split("."))
    for length in (1, 2, 3, len(service)):
        yield ".".join(service[:length])
    for address in (topology.API_SERVER, topology.API_SERVICE, "127.0.0.1"):
        yield str(address)
