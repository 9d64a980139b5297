"""The kubeconfig that `eks.Cluster` answers with: as on AWS, one that holds no credential.

On AWS a command asks for a token; here the command prints the local cluster's client certificate.
"""

import base64
import json
from pathlib import Path
from typing import cast

import yaml

from e2e.deploy.cloud.values import Json, Properties, entries, section, text

_EXEC_API = "client.authentication.k8s.io/v1"
# Where there is no cluster at all: a preview, or a test without one.
NOWHERE = "https://standin.invalid"


def for_pulumi(administrator: Path | None) -> Properties:
    """Derive it from the cluster's own kubeconfig, and write the credential beside that file."""
    if administrator is None:
        return _kubeconfig({"server": NOWHERE}, {"token": "there is no cluster"})
    local = cast("Properties", yaml.safe_load(administrator.read_text()))
    credential = administrator.with_name("aws-credential.json")
    _write_credential(credential, section(_first(local, "users"), "user"))
    command: Properties = {
        "apiVersion": _EXEC_API,
        "command": "cat",
        "args": [str(credential)],
        "interactiveMode": "Never",
    }
    return _kubeconfig(section(_first(local, "clusters"), "cluster"), {"exec": command})


def _write_credential(path: Path, user: Properties) -> None:
    status = {
        "clientCertificateData": _decoded(user, "client-certificate-data"),
        "clientKeyData": _decoded(user, "client-key-data"),
    }
    content = {"apiVersion": _EXEC_API, "kind": "ExecCredential", "status": status}
    # Never half a file: clients of the same cluster may be reading it.
    temporary = path.with_suffix(".new")
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(content))
    temporary.replace(path)


def _decoded(user: Properties, key: str) -> str:
    return base64.b64decode(text(user, key)).decode()


def _first(config: Properties, key: str) -> Properties:
    found = next(iter(entries(config, key)), None)
    return found if isinstance(found, dict) else {}


def _kubeconfig(cluster: Properties, user: Properties) -> Properties:
    context: dict[str, Json] = {"cluster": "aws", "user": "aws"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "aws", "cluster": cluster}],
        "users": [{"name": "aws", "user": user}],
        "contexts": [{"name": "aws", "context": context}],
        "current-context": "aws",
        "preferences": {},
    }
