"""Runs beside Grafana: writes what labelled ConfigMaps hold into a folder. Stdlib alone.

As the real one it is told by LABEL, LABEL_VALUE, NAMESPACE (its own, or ALL) and FOLDER; with
METHOD=LIST it ends when all is written, with WATCH it goes on, removes what goes, and calls REQ_URL
after a change. It lists every 10 s where the real one watches, knows ConfigMaps only, and takes no
folder from an annotation.
"""

import base64
import os
import signal
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.load_balancer.fake_controller.api import SERVICE_ACCOUNT, Api

_EVERY_SECONDS = 10.0
_REQUEST_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Settings:
    label: str
    value: str
    folder: Path
    namespace: str  # "" for all

    @classmethod
    def of(cls, environment: Mapping[str, str], own_namespace: str) -> "Settings":
        if (resource := environment.get("RESOURCE", "configmap")) != "configmap":
            raise SystemExit(f"RESOURCE is {resource}: this stand-in knows configmap alone")
        namespace = environment.get("NAMESPACE", own_namespace)
        return cls(
            label=environment["LABEL"],
            value=environment.get("LABEL_VALUE", ""),
            folder=Path(environment["FOLDER"]),
            namespace="" if namespace == "ALL" else namespace,
        )

    @property
    def path(self) -> str:
        """Where the API server lists what is looked for."""
        selector = f"{self.label}={self.value}" if self.value else self.label
        place = f"/namespaces/{self.namespace}" if self.namespace else ""
        return f"/api/v1{place}/configmaps?labelSelector={urllib.parse.quote(selector)}"


def files_of(maps: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Give texts by file name; of two with one name the later ConfigMap wins, as upstream."""
    return {name: text for each in maps for name, text in (each.get("data") or {}).items()}


def write(folder: Path, wanted: Mapping[str, str], had: Mapping[str, str]) -> bool:
    """Make the folder hold `wanted` in place of `had`; tell whether anything changed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in wanted.items():
        if had.get(name) != text:
            (folder / name).write_text(text)
    for name in had.keys() - wanted.keys():
        (folder / name).unlink(missing_ok=True)
    return dict(wanted) != dict(had)


def notify(environment: Mapping[str, str]) -> None:
    """Tell Grafana, if we are told where; it may not be up yet."""
    if not (url := environment.get("REQ_URL")):
        return
    login = f"{environment['REQ_USERNAME']}:{environment['REQ_PASSWORD']}".encode()
    headers = {"Authorization": f"Basic {base64.b64encode(login).decode()}"}
    method = environment.get("REQ_METHOD", "GET")
    request = urllib.request.Request(url, headers=headers, method=method)  # noqa: S310 - the chart's, in the pod
    try:
        with urllib.request.urlopen(request, timeout=_REQUEST_SECONDS) as answer:  # noqa: S310 - as above
            print(f"{url}: {answer.status}", flush=True)
    except OSError as error:
        print(f"{url}: {error}", flush=True)


def main() -> None:
    print("stand-in for k8s-sidecar", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    environment = os.environ
    settings = Settings.of(environment, (SERVICE_ACCOUNT / "namespace").read_text())
    host, port = environment["KUBERNETES_SERVICE_HOST"], environment["KUBERNETES_SERVICE_PORT"]
    api = Api(f"https://{host}:{port}")
    is_once = environment.get("METHOD") == "LIST"
    had: dict[str, str] = {}
    while True:
        try:
            wanted = files_of(api.items(settings.path))
        except (OSError, ValueError) as error:
            if is_once:
                raise  # the kubelet starts an init container anew
            print(f"{settings.path}: {error}", flush=True)
        else:
            if write(settings.folder, wanted, had):
                print(f"{settings.folder}: {len(wanted)} files", flush=True)
                notify(environment)
            had = wanted
        if is_once:
            return
        time.sleep(_EVERY_SECONDS)


if __name__ == "__main__":
    main()
