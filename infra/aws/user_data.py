"""The script of a node's first boot, before it joins. Pure."""

from base64 import b64encode
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import yaml

from infra.config import capacity

BOUNDARY = "==NODE-CONFIGURATION=="


def user_data(*, pods: int, vcpus: int) -> str:
    """Return a MIME document in base64 that writes a drop-in for nodeadm, the bootstrap program.

    A NodeConfig part is not enough: EKS adds one with its own maxPods (110 with prefix delegation),
    and their order is not documented. Files in this folder come last and override both.
    """
    configuration = {
        "apiVersion": "node.eks.aws/v1alpha1",
        "kind": "NodeConfig",
        "spec": {
            "kubelet": {
                "config": {
                    "maxPods": pods,
                    "kubeReserved": capacity.kube_reserved(pods=pods, vcpus=vcpus),
                }
            }
        },
    }
    script = (
        "#!/bin/bash\n"
        "set -euo pipefail\n"
        "mkdir -p /etc/eks/nodeadm.d\n"
        "cat > /etc/eks/nodeadm.d/10-max-pods.yaml <<'EOF'\n"
        f"{yaml.safe_dump(configuration, sort_keys=False)}"
        "EOF\n"
    )
    # With a random boundary, the launch template would get a new version at every run.
    document = MIMEMultipart(boundary=BOUNDARY)
    document.attach(MIMEText(script, "x-shellscript", "us-ascii"))
    return b64encode(document.as_bytes()).decode()
