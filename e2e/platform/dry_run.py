"""A release that Helm and the API server take, and keep nothing of."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from e2e.cluster.kubectl import Kubectl
from e2e.cluster.shell import run
from e2e.platform.third_party import Release, values_file

_HELM_SECONDS = 120
_TEST = "test"  # a hook of `helm test`, which no installation makes


def dry_run(release: Release, archive: Path, helm: Path, kubectl: Kubectl) -> int:
    """Let Helm and then the API server take the release, and keep none of it; counts objects.

    Helm checks what it renders against the cluster's schemas and version. What admission, defaults
    and immutable fields make of each object, only the API server's own dry run tells. The namespace
    must be there, and the kinds.
    """
    install = ("install", release.name, archive, "--namespace", release.namespace)
    # The cluster has a metrics server of its own, which Helm would not touch otherwise.
    flags = ("--dry-run=server", "--take-ownership", "--output=json")
    config = {"KUBECONFIG": str(kubectl.kubeconfig)}
    with values_file(release) as values:
        command = (helm, *install, *flags, "--values", values)
        answer = json.loads(run(*command, environment=config, seconds=_HELM_SECONDS))
    parts = manifests(answer)
    as_if = ("--server-side", "--force-conflicts", "--dry-run=server", "--output=name")
    with _at_home_in(release.namespace, kubectl) as there:
        taken = there("apply", *as_if, "--filename=-", stdin="\n---\n".join(parts))
    return len(taken.splitlines())


def manifests(answer: Mapping[str, Any]) -> list[str]:
    """What an installation makes, hooks as well, as YAML."""
    hooks = [hook for hook in answer.get("hooks") or [] if hook["events"] != [_TEST]]
    return [answer["manifest"], *(hook["manifest"] for hook in hooks)]


@contextmanager
def _at_home_in(namespace: str, kubectl: Kubectl) -> Iterator[Kubectl]:
    """Give a kubectl with a default namespace: --namespace refuses objects that name another."""
    with tempfile.TemporaryDirectory() as scratch:
        own = Path(scratch) / "kubeconfig"
        shutil.copy2(kubectl.kubeconfig, own)
        there = replace(kubectl, kubeconfig=own)
        there("config", "set-context", "--current", f"--namespace={namespace}")
        yield there
