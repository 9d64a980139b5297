"""The real kubectl with the cluster's kubeconfig; objects come back parsed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.cluster.shell import run

# A Kubernetes object as kubectl prints it.
Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kubectl:
    program: Path
    kubeconfig: Path

    def __call__(
        self, *arguments: str, check: bool = True, stdin: str | None = None, seconds: float = 120
    ) -> str:
        """Run kubectl and give back what it printed."""
        config = f"--kubeconfig={self.kubeconfig}"
        return run(self.program, config, *arguments, check=check, stdin=stdin, seconds=seconds)

    def apply(self, manifest: str | Path) -> None:
        """Server-side apply of a file, or of YAML text; fields that others own are taken over."""
        text = manifest.read_text() if isinstance(manifest, Path) else manifest
        self("apply", "--server-side", "--force-conflicts", "--filename=-", stdin=text)

    def get(self, *arguments: str) -> Object:
        """`kubectl get ... --output=json`, parsed."""
        found: Object = json.loads(self("get", *arguments, "--output=json"))
        return found

    def items(self, *arguments: str) -> list[Object]:
        """Get the objects of a list."""
        found: list[Object] = self.get(*arguments)["items"]
        return found
