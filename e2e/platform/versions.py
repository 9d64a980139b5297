"""What a run was made of, for its report."""

from collections.abc import Mapping

from e2e.cluster.shell import run
from e2e.deploy.cloud import postgres
from e2e.monitoring.provide import MODULES as MONITORING_MODULES
from e2e.platform.platform import Platform
from e2e.programs.catalogue import MODULES

_PROGRAMS = ("kubernetes", "etcd", "coredns", "metrics-server", "kube-router", "helm", "pulumi")


def versions(platform: Platform) -> Mapping[str, str]:
    """Programs by their version, plugins by where they come from."""
    plugins = {f"plugin {name}": what for name, what in platform.engine.plugins.used.items()}
    monitoring = MONITORING_MODULES if platform.stack.monitored else ()
    database = run(postgres.BINARIES / "postgres", "--version").split()[2]
    containerd = run("containerd", "--version").split()[2]
    return {
        **{name: MODULES[name].version for name in (*_PROGRAMS, *monitoring)},
        "containerd": containerd,
        "postgresql": database,
        **plugins,
    }
