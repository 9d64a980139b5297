"""Names that more than one part of the platform must agree on, and tags. Pure.

Everything else keeps the name that Pulumi derives from the resource (with a random suffix), so that
a replacement can be created before the old resource goes.
"""

import re
from dataclasses import dataclass

# The contract with charts/backend and with everyone who runs kubectl or helm.
NAMESPACE = "observability"
RELEASE = "backend"
SERVICE_PORT = 8000
DATABASE_SECRET = "backend-database"  # noqa: S105  the name of a Secret, not its content
DATABASE_PASSWORD_KEY = "password"  # noqa: S105  the key in the Secret
AUTH_SECRET = "backend-auth"  # noqa: S105  the name of a Secret, not its content
ADMIN_TOKEN_KEY = "admin-token"  # noqa: S105  the key in the Secret
SESSION_KEY_KEY = "session-key"

DATABASE_NAME = "observability"
DATABASE_USER = "observability"
# Pulumi's name of the instance, from which its identifier follows: another one is another database.
DATABASE_INSTANCE = "database-instance"

SYSTEM_NAMESPACE = "kube-system"
# The only class that the program creates; EKS has no default class.
STORAGE_CLASS = "gp3"

# The monitoring stack. infra/third_party has the names of what is installed there.
MONITORING_NAMESPACE = "monitoring"
PROMETHEUS_RELEASE = "kps"
PROMETHEUS_SERVICE = "kps-prometheus"


def service_url(service: str, namespace: str, port: int) -> str:
    """Return the address of a Service, from pods of every namespace."""
    return f"http://{service}.{namespace}.svc.cluster.local:{port}"


# EKS refuses longer names of clusters, and IAM roles and log groups are derived from it.
LONGEST_CLUSTER_NAME = 100


@dataclass(frozen=True, slots=True)
class SharedToken:
    """A token in two namespaces: a monitoring program sends it, a migration stores its hash."""

    # The key in both Secrets, and the name of the random value.
    key: str
    # The Secret in the monitoring namespace; the other one is AUTH_SECRET.
    secret: str
    # The key of the chart's value `auth.…` that names it, and so its scope.
    chart_value: str


ALERTMANAGER_TOKEN = SharedToken("alertmanager-token", "alertmanager-backend", "ingestTokenKey")
DISCOVERY_TOKEN = SharedToken("discovery-token", "prometheus-backend", "discoveryTokenKey")
SHARED_TOKENS = (ALERTMANAGER_TOKEN, DISCOVERY_TOKEN)


@dataclass(frozen=True, slots=True)
class Names:
    """Names derived from project and stack, so that two stacks fit into one account."""

    project: str
    stack: str

    @property
    def cluster(self) -> str:
        return f"{self.project}-{self.stack}"[:LONGEST_CLUSTER_NAME].rstrip("-")

    @property
    def snapshot(self) -> str:
        """Begin of a snapshot's name: RDS takes letters, digits and single hyphens only."""
        return re.sub("[^a-z0-9]+", "-", self.cluster.lower()).rstrip("-")

    @property
    def control_plane_log_group(self) -> str:
        """Name of the group that EKS writes to, and would create without retention."""
        return f"/aws/eks/{self.cluster}/cluster"

    @property
    def flow_log_group(self) -> str:
        return f"/aws/vpc/{self.cluster}/flow-logs"

    def tags(self, extra: dict[str, str]) -> dict[str, str]:
        """Return the tags of every resource; an operator's own come last and win."""
        return {
            "Project": self.project,
            "Environment": self.stack,
            "ManagedBy": "pulumi",
            **extra,
        }

    def display(self, role: str) -> dict[str, str]:
        """Return the Name tag, which consoles show."""
        return {"Name": f"{self.project}-{self.stack}-{role}"}
