"""Images of the real programs: the static binary where upstream's image has it, and nothing else.

Paths, entry points, commands and users are those of the upstream Dockerfiles, read 2026-11. Left
out is what nothing here reads: example configurations, licences, certificates of public CAs.
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from e2e.deploy.image.archive import Config, pack_layer, write_image
from e2e.programs.build import Toolbox

_NOBODY = "65534:65534"
# For programs that look up their own user, and for `user: nobody` in a pod's listing of processes.
_PASSWD = "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"


@dataclass(frozen=True, slots=True)
class Program:
    """An image with programs of one module of the catalogue (e2e/programs)."""

    module: str
    files: Mapping[str, str]  # path in the image -> program
    entry_point: Sequence[str]
    command: Sequence[str] = ()
    user: str = _NOBODY
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: str = "/"

    def build(self, target: Path, *, name: str, tools: Toolbox) -> None:
        """Write the archive under `name`: seconds, the time is the disk's."""
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            root = Path(scratch) / "root"
            (root / "etc").mkdir(parents=True)
            (root / "etc/passwd").write_text(_PASSWD)
            (root / "tmp").mkdir()
            (root / "tmp").chmod(0o1777)
            (root / self.working_directory.removeprefix("/")).mkdir(parents=True, exist_ok=True)
            for path, program in self.files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(tools.program(program), root / path)
            layer = pack_layer(root, Path(scratch) / "layer.tar")
            write_image(target, names=(name,), config=self._config(), layers=(layer,))

    def _config(self) -> Config:
        return Config(
            command=self.command,
            entry_point=self.entry_point,
            environment=self.environment,
            user=self.user,
            working_directory=self.working_directory,
        )


def _reloader() -> Program:
    path = "bin/prometheus-config-reloader"
    return Program("prometheus-operator", {path: "prometheus-config-reloader"}, (f"/{path}",))


# By repository: the tags that charts ask for are the versions of the go.mod files, which
# e2e/tests/unit/test_catalogue.py compares. Two differ: Alloy's chart wants a config-reloader of
# v0.91 and gets the stack's, and Jaeger's wants 2.19 and gets 2.13, the newest that is a Go module.
PROGRAMS: Mapping[str, Program] = {
    "quay.io/prometheus/prometheus": Program(
        "prometheus",
        {"bin/prometheus": "prometheus", "bin/promtool": "promtool"},
        ("/bin/prometheus",),
        ("--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"),
        user="65532:65532",
        working_directory="/prometheus",
    ),
    "quay.io/prometheus/alertmanager": Program(
        "alertmanager",
        {"bin/alertmanager": "alertmanager", "bin/amtool": "amtool"},
        ("/bin/alertmanager",),
        ("--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"),
        working_directory="/alertmanager",
    ),
    "quay.io/prometheus-operator/prometheus-operator": Program(
        "prometheus-operator", {"bin/operator": "operator"}, ("/bin/operator",)
    ),
    "quay.io/prometheus-operator/prometheus-config-reloader": _reloader(),
    "quay.io/prometheus/node-exporter": Program(
        "node-exporter", {"bin/node_exporter": "node_exporter"}, ("/bin/node_exporter",)
    ),
    "registry.k8s.io/kube-state-metrics/kube-state-metrics": Program(
        "kube-state-metrics",
        {"kube-state-metrics": "kube-state-metrics"},
        ("/kube-state-metrics", "--port=8080", "--telemetry-port=8081"),
    ),
    "docker.io/jaegertracing/jaeger": Program(
        "jaeger",
        {"cmd/jaeger/jaeger-linux": "jaeger"},
        ("/cmd/jaeger/jaeger-linux",),
        user="10001",
        environment={"JAEGER_LISTEN_HOST": "0.0.0.0"},  # noqa: S104 - in its own pod
    ),
}
