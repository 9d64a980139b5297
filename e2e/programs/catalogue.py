"""Which program comes out of which Go module. Versions are not here: go.mod files own them."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent


class UnknownToolError(Exception):
    """No module of the catalogue makes the program that was asked for."""


@dataclass(frozen=True, slots=True)
class Module:
    """A folder beside this file with go.mod and go.sum, and the programs built from it."""

    name: str
    path: str  # the Go module whose version is the programs' version
    programs: Mapping[str, str]  # program -> Go package
    variables: Mapping[str, str] = field(
        default_factory=dict
    )  # set by the linker; may use {version}
    additions: Mapping[str, str] = field(
        default_factory=dict
    )  # path -> text: files that are made at a release, and that the published module lacks

    @property
    def directory(self) -> Path:
        return HERE / self.name

    @property
    def version(self) -> str:
        """Such as `1.35.4`; `local` for a module whose source is ours."""
        if self.path == "main":
            return "local"
        go_mod = (self.directory / "go.mod").read_text()
        match = re.search(rf"^\s*(?:require )?{re.escape(self.path)} v(\S+)", go_mod, re.MULTILINE)
        if match is None:
            raise UnknownToolError(f"{self.directory}/go.mod does not require {self.path}")
        return match[1]

    @property
    def linker_flags(self) -> str:
        major, minor = (*self.version.split("."), "")[:2]
        values = {"version": self.version, "major": major, "minor": minor}
        settings = [f"-X {name}={value.format(**values)}" for name, value in self.variables.items()]
        return " ".join(["-s", "-w", *settings])

    @property
    def key(self) -> str:
        """Changes with whatever decides what is built: sources, locked modules, packages, flags."""
        parts = [sorted(self.programs.items()), self.linker_flags]
        if self.additions:
            parts.append(sorted(self.additions.items()))
        digest = hashlib.sha256(" ".join(map(str, parts)).encode())
        for file in sorted(self.directory.iterdir()):
            digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
        return f"{self.name}-{self.version}-{digest.hexdigest()[:12]}"


def _commands(module: str, *names: str) -> Mapping[str, str]:
    """Programs where Go modules usually have them."""
    return {name: f"{module}/cmd/{name}" for name in names}


_KUBERNETES = "k8s.io/kubernetes"
_KUBERNETES_VERSION = "k8s.io/component-base/version"
_METRICS_SERVER = "sigs.k8s.io/metrics-server"
_KUBE_ROUTER = "github.com/cloudnativelabs/kube-router/v2"
_HELM = "helm.sh/helm/v4"
_PULUMI = "github.com/pulumi/pulumi"
_JAEGER = "github.com/jaegertracing/jaeger"
_KUBE_STATE_METRICS = "k8s.io/kube-state-metrics/v2"
_NODE_EXPORTER = "github.com/prometheus/node_exporter"
_PROMETHEUS = "github.com/prometheus/prometheus"
_ALERTMANAGER = "github.com/prometheus/alertmanager"
_OPERATOR = "github.com/prometheus-operator/prometheus-operator"
# Of Prometheus and of what comes from its project.
_COMMON_VERSION = {"github.com/prometheus/common/version.Version": "{version}"}

_MODULES = (
    # The minor that Pulumi.dev.yaml names, or the newest that runs here: e2e/README.md says which.
    Module(
        "kubernetes",
        _KUBERNETES,
        _commands(
            _KUBERNETES,
            "kube-apiserver",
            "kube-controller-manager",
            "kube-scheduler",
            "kube-proxy",
            "kubectl",
            "kubelet",
        ),
        # Without these the nodes report v0.0.0 and the version checks between parts fail.
        {
            f"{_KUBERNETES_VERSION}.gitVersion": "v{version}",
            f"{_KUBERNETES_VERSION}.gitMajor": "{major}",
            f"{_KUBERNETES_VERSION}.gitMinor": "{minor}",
        },
    ),
    Module("etcd", "go.etcd.io/etcd/server/v3", {"etcd": "go.etcd.io/etcd/server/v3"}),
    Module("coredns", "github.com/coredns/coredns", {"coredns": "github.com/coredns/coredns"}),
    Module("metrics-server", _METRICS_SERVER, _commands(_METRICS_SERVER, "metrics-server")),
    Module(
        "kube-router",
        _KUBE_ROUTER,
        _commands(_KUBE_ROUTER, "kube-router"),
        {f"{_KUBE_ROUTER}/pkg/version.Version": "v{version}"},
    ),
    Module(
        "helm",
        _HELM,
        _commands(_HELM, "helm"),
        {f"{_HELM}/internal/version.version": "v{version}"},
    ),
    Module(
        "pulumi",
        f"{_PULUMI}/pkg/v3",
        _commands(f"{_PULUMI}/pkg/v3", "pulumi"),
        {f"{_PULUMI}/sdk/v3/go/common/version.Version": "v{version}"},
    ),
    Module(
        "pulumi-kubernetes",
        "github.com/pulumi/pulumi-kubernetes/provider/v4",
        {"pulumi-resource-kubernetes": "."},
        {"main.version": "{version}"},
    ),
    Module("pause", "main", {"pause": "."}),
    # What kube-prometheus-stack and Jaeger's chart run, for `make e2e STACK=observability`.
    Module(
        "prometheus", _PROMETHEUS, _commands(_PROMETHEUS, "prometheus", "promtool"), _COMMON_VERSION
    ),
    Module(
        "alertmanager",
        _ALERTMANAGER,
        _commands(_ALERTMANAGER, "alertmanager", "amtool"),
        _COMMON_VERSION,
        # Its web interface is built by Node, and embedded: without a page nothing compiles.
        {"ui/app/dist/index.html": "Alertmanager without its web interface: use the API.\n"},
    ),
    Module(
        "prometheus-operator",
        _OPERATOR,
        _commands(_OPERATOR, "operator", "prometheus-config-reloader"),
        _COMMON_VERSION,
    ),
    Module(
        "kube-state-metrics",
        _KUBE_STATE_METRICS,
        {"kube-state-metrics": _KUBE_STATE_METRICS},
        _COMMON_VERSION,
    ),
    Module("node-exporter", _NODE_EXPORTER, {"node_exporter": _NODE_EXPORTER}, _COMMON_VERSION),
    Module("jaeger", _JAEGER, _commands(_JAEGER, "jaeger")),
)
MODULES = {module.name: module for module in _MODULES}


def modules_of(names: tuple[str, ...]) -> tuple[Module, ...]:
    """Modules by name, all of them when no name is given."""
    if unknown := sorted(set(names) - MODULES.keys()):
        known = ", ".join(MODULES)
        raise UnknownToolError(f"no tool is called {', '.join(unknown)}: choose from {known}")
    return tuple(MODULES[name] for name in names or MODULES)
