"""Certificate authorities, certificates and a kubeconfig per client, made anew for each cluster."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from e2e.cluster import topology

_VALID_FOR = timedelta(days=30)
# Certificates are dated back a little: a clock that steps must not make them not valid yet.
_BACKDATED = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


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
    cluster = authority("kubernetes-ca")
    # Authorities of their own: sharing one would let every client into etcd, or pass for the proxy.
    front_proxy = authority("front-proxy-ca")
    etcd = authority("etcd-ca")
    (directory / "ca.crt").write_bytes(cluster.pem)
    (directory / "front-proxy-ca.crt").write_bytes(front_proxy.pem)
    (directory / "etcd-ca.crt").write_bytes(etcd.pem)
    _write_key(directory / "service-account.key", _new_key())

    issue(front_proxy, directory / "front-proxy", Client("front-proxy", "front-proxy"))
    loopback = x509.IPAddress(IPv4Address("127.0.0.1"))
    issue(etcd, directory / "etcd", Client("", "etcd"), names=(loopback,))
    issue(etcd, directory / "etcd-client", Client("", "kube-apiserver"))
    issue(cluster, directory / "apiserver", Client("", "kube-apiserver"), names=_api_names())
    kubelet_client = Client("", "apiserver-kubelet", "system:masters")
    issue(cluster, directory / "apiserver-kubelet", kubelet_client)
    addresses = {node.name: node.address for node in topology.NODES.values()}
    for client in CLIENTS:
        address = addresses.get(client.file)
        names = (x509.DNSName(client.file), x509.IPAddress(address)) if address else ()
        issue(cluster, directory / client.file, client, names=names)
        write_kubeconfig(directory / f"{client.file}.conf", directory, client.file)


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


def _api_names() -> Iterable[x509.GeneralName]:
    service = ("kubernetes", "default", "svc", *topology.CLUSTER_DOMAIN.split("."))
    for length in (1, 2, 3, len(service)):
        yield x509.DNSName(".".join(service[:length]))
    for address in (topology.API_SERVER, topology.API_SERVICE, IPv4Address("127.0.0.1")):
        yield x509.IPAddress(address)


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(
        # Not PKCS8: the API server does not find the public half of a token key in that.
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )


def _subject(client: Client) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, client.user)]
    if client.group:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, client.group))
    return x509.Name(attributes)


def _builder(subject: x509.Name, issuer: x509.Name) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _VALID_FOR)
    )


def authority(name: str) -> Authority:
    """Make a new certificate authority."""
    key = _new_key()
    subject = _subject(Client("", name))
    builder = _builder(subject, subject).public_key(key.public_key())
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    return Authority(builder.sign(key, hashes.SHA256()), key)


def issue(
    issuer: Authority,
    path: Path,
    client: Client,
    *,
    names: Iterable[x509.GeneralName] = (),
) -> None:
    """Write `path`.crt and `path`.key; every certificate may serve as client and as server."""
    key = _new_key()
    builder = _builder(_subject(client), issuer.certificate.subject).public_key(key.public_key())
    purposes = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if alternative := list(names):
        builder = builder.add_extension(x509.SubjectAlternativeName(alternative), critical=False)
    certificate = builder.sign(issuer.key, hashes.SHA256())
    path.with_name(f"{path.name}.crt").write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
    )
    _write_key(path.with_name(f"{path.name}.key"), key)
