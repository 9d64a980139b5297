"""The platform's dashboards: ConfigMaps that Grafana's sidecar finds by their label.

The backend's chart contains the backend's own dashboard.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from infra import naming

# The sidecar of kube-prometheus-stack looks for this label, which charts/backend sets as well.
LABELS = {"grafana_dashboard": "1"}


@dataclass(frozen=True, kw_only=True)
class DashboardsArgs:
    # The JSON of each by its name.
    boards: Mapping[str, pulumi.Input[str]]
    # The namespace exists.
    after: pulumi.Resource


class Dashboards(pulumi.ComponentResource):
    """One ConfigMap for each dashboard, because together they could exceed its size limit."""

    def __init__(
        self, name: str, args: DashboardsArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("platform:dashboards:Dashboards", name, None, opts)
        for board, content in args.boards.items():
            k8s.core.v1.ConfigMap(
                f"{name}-{board}",
                metadata=k8s.meta.v1.ObjectMetaArgs(
                    name=f"dashboard-{board}",
                    namespace=naming.MONITORING_NAMESPACE,
                    labels=LABELS,
                ),
                data={f"{board}.json": content},
                opts=ResourceOptions(parent=self, depends_on=[args.after]),
            )
        self.register_outputs({})
