"""The kubeconfig that `eks.Cluster` answers with: as on AWS, one that holds no credential.

On AWS a command asks for a token; here the command prints the local cluster's client certificate.
"""

import base64
import json
from pathlib import Path

import yaml

from e2e.deploy.cloud.values import Properties

_EXEC_API = "client.authentication.k8s.io/v1"


def for_pulumi(administrator: Path) -> Properties:
    """Derive it from the cluster's own kubeconfig, and write the credential beside that file."""
    config: Properties = yaml.safe_load(administrator.read_text())
    [entry] = config["users"]
    credential = administrator.with_name("aws-credential.json")
    _write_credential(credential, entry["user"])
    entry["user"] = {
        "exec": {
            "apiVersion": _EXEC_API,
            "command": "cat",
            "args": [str(credential)],
            "interactiveMode": "Never",
        }
    }
    return config


def _write_credential(path: Path, user: Properties) -> None:
    status = {
        "clientCertificateData": base64.b64decode(user["client-certificate-data"]).decode(),
        "clientKeyData": base64.b64decode(user["client-key-data"]).decode(),
    }
    content = {"apiVersion": _EXEC_API, "kind": "ExecCredential", "status": status}
    # Never half a file: clients of the same cluster may be reading it.
    temporary = path.with_suffix(".new")
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(content))
    temporary.replace(path)
