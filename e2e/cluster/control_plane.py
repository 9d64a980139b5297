"""etcd, API server, controller manager and scheduler, as processes of this machine.

Flags that change behaviour stay at their defaults, because nobody can change them on EKS. What is
given are addresses, keys and files; leader election is off since there is one of each.
"""

import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from e2e.cluster import cgroups, processes, topology
from e2e.cluster.paths import Paths
from e2e.programs.build import Toolbox
from tests.support.ports import free_port

_READY_SECONDS = 120


@dataclass(frozen=True, slots=True)
class ControlPlane:
    paths: Paths
    tools: Toolbox

    def start(self) -> None:
        """Return when the API server is ready."""
        cgroups.make(cgroups.CONTROL_PLANE)
        port = free_port()
        self._start("etcd", self._etcd_flags(port))
        # It tries etcd for a while, and then ends.
        self._start("kube-apiserver", self._api_server_flags(port), ready=self.ready)
        self._start("kube-controller-manager", self._controller_manager_flags())
        self._start("kube-scheduler", self._client_flags("scheduler"))

    def ready(self) -> bool:
        context = ssl.create_default_context(cafile=str(self.paths.pki / "ca.crt"))
        url = f"{topology.API_SERVER_URL}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=5, context=context):  # noqa: S310 - https, ours
                return True
        except (OSError, urllib.error.HTTPError):
            return False

    def _start(
        self, name: str, flags: Iterator[str], *, ready: Callable[[], bool] | None = None
    ) -> None:
        processes.start(
            [*cgroups.entering(cgroups.CONTROL_PLANE), str(self.tools.program(name)), *flags],
            name=name,
            records=self.paths.processes,
            log=self.paths.logs / f"{name}.log",
            environment={"PATH": os.environ["PATH"]},
            ready=ready,
            seconds=_READY_SECONDS,
        )

    def _etcd_flags(self, port: int) -> Iterator[str]:
        pki, url = self.paths.pki, f"https://127.0.0.1:{port}"
        yield f"--data-dir={self.paths.state}/etcd"
        yield f"--listen-client-urls={url}"
        yield f"--advertise-client-urls={url}"
        yield f"--listen-peer-urls=http://127.0.0.1:{free_port()}"  # it has no peers
        yield f"--cert-file={pki}/etcd.crt"
        yield f"--key-file={pki}/etcd.key"
        yield f"--trusted-ca-file={pki}/etcd-ca.crt"
        yield "--client-cert-auth"
        yield "--unsafe-no-fsync"  # the data never has to survive the machine
        yield "--log-level=warn"

    def _api_server_flags(self, etcd_port: int) -> Iterator[str]:
        pki = self.paths.pki
        yield f"--etcd-servers=https://127.0.0.1:{etcd_port}"
        yield f"--etcd-cafile={pki}/etcd-ca.crt"
        yield f"--etcd-certfile={pki}/etcd-client.crt"
        yield f"--etcd-keyfile={pki}/etcd-client.key"
        yield f"--bind-address={topology.API_SERVER}"
        yield f"--advertise-address={topology.API_SERVER}"
        yield f"--secure-port={topology.API_SERVER_PORT}"
        yield f"--tls-cert-file={pki}/apiserver.crt"
        yield f"--tls-private-key-file={pki}/apiserver.key"
        yield f"--client-ca-file={pki}/ca.crt"
        yield f"--kubelet-client-certificate={pki}/apiserver-kubelet.crt"
        yield f"--kubelet-client-key={pki}/apiserver-kubelet.key"
        yield f"--kubelet-certificate-authority={pki}/ca.crt"
        yield "--kubelet-preferred-address-types=InternalIP"
        yield f"--service-account-issuer=https://kubernetes.default.svc.{topology.CLUSTER_DOMAIN}"
        yield f"--service-account-key-file={pki}/service-account.key"
        yield f"--service-account-signing-key-file={pki}/service-account.key"
        yield f"--service-cluster-ip-range={topology.SERVICES}"
        yield f"--requestheader-client-ca-file={pki}/front-proxy-ca.crt"
        yield "--requestheader-allowed-names=front-proxy"
        yield "--requestheader-extra-headers-prefix=X-Remote-Extra-"
        yield "--requestheader-group-headers=X-Remote-Group"
        yield "--requestheader-username-headers=X-Remote-User"
        yield f"--proxy-client-cert-file={pki}/front-proxy.crt"
        yield f"--proxy-client-key-file={pki}/front-proxy.key"
        yield "--enable-aggregator-routing"  # metrics-server is reached by its pod's address
        yield "--authorization-mode=Node,RBAC"
        yield "--enable-admission-plugins=NodeRestriction"

    def _controller_manager_flags(self) -> Iterator[str]:
        yield from self._client_flags("controller-manager")
        yield "--use-service-account-credentials"
        yield f"--service-account-private-key-file={self.paths.pki}/service-account.key"
        yield f"--root-ca-file={self.paths.pki}/ca.crt"
        # The CNI files own the pod ranges; the controller manager would invent others.
        yield "--allocate-node-cidrs=false"

    def _client_flags(self, client: str) -> Iterator[str]:
        for flag in ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"):
            yield f"--{flag}={self.paths.pki}/{client}.conf"
        yield "--leader-elect=false"
        yield "--secure-port=0"  # nothing scrapes them
