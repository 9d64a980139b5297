"""The monitoring stack in the cluster: namespace, Secrets, and the charts in their order.

Definitions of the Prometheus operator, then Prometheus with Alertmanager and Grafana, Loki and
Jaeger, then what needs them: Alloy and OpenCost. Their values are those of infra/third_party.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from infra import naming, versions
from infra.config.network import Ranges
from infra.config.observability import ObservabilityOptions
from infra.config.options import SecretVersions
from infra.kubernetes.helm_release import ThirdParty, install
from infra.monitoring import catalog_scrape
from infra.monitoring.network_policies import add_policies
from infra.random_secret import random_secret
from infra.third_party import alertmanager, grafana
from infra.third_party.charts import chart_values
from infra.third_party.jaeger import jaeger_values
from infra.third_party.loki import loki_values
from infra.third_party.opencost import opencost_values
from infra.third_party.prometheus import POD_LABELS, prometheus_values
from infra.versions import HelmChart

GRAFANA_USER = "admin"


@dataclass(frozen=True, kw_only=True)
class ObservabilityArgs:
    options: ObservabilityOptions
    secret_versions: SecretVersions
    cluster: str
    region: str
    # The platform's alerts (infra/monitoring/platform_rules.py).
    rule_groups: Sequence[Mapping[str, object]]
    # Alertmanager's topic and Loki's bucket; None without.
    topic_arn: pulumi.Input[str] | None
    bucket: pulumi.Input[str] | None
    # Those of the control plane, and of the database, to which Prometheus must not connect.
    ranges: Ranges
    chart_directory: str | None
    # Nodes, DNS, volumes with their class, and the workloads' roles.
    after: Sequence[pulumi.Resource]


class Observability(pulumi.ComponentResource):
    """Metrics, alerts, logs, traces and cost of the platform."""

    # ServiceMonitors and rules of other releases are created after these.
    definitions: pulumi.Resource
    # Secrets: the tokens that Alertmanager and Prometheus send to the backend.
    tokens: Mapping[naming.SharedToken, pulumi.Output[str]]

    def __init__(
        self, name: str, args: ObservabilityArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("platform:observability:Observability", name, None, opts)
        self._name, self._args, self._child = name, args, ResourceOptions(parent=self)

        self._namespace = self._create_namespace()
        self.tokens = {
            token: self._random(token.key, args.secret_versions.of(token))
            for token in naming.SHARED_TOKENS
        }
        secrets = self._create_secrets()
        self.definitions = self._install(
            versions.OPERATOR_DEFINITIONS_CHART,
            chart_values(versions.OPERATOR_DEFINITIONS_CHART),
            after=[],
        )
        namespace = self._namespace.metadata.name
        add_policies(name, namespace, args.options, args.ranges.control_plane, self._child)
        self._install_metrics_and_cost(secrets)
        self._install_logs()
        self._install_traces()
        self.register_outputs({})

    def _create_namespace(self) -> k8s.core.v1.Namespace:
        return k8s.core.v1.Namespace(
            f"{self._name}-namespace",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=naming.MONITORING_NAMESPACE,
                labels={
                    # node-exporter and Alloy read the node itself.
                    "pod-security.kubernetes.io/enforce": "privileged",
                },
            ),
            # Deleted before the storage driver, so that its volumes are deleted too: uninstalling a
            # chart leaves the claims of its StatefulSets, and their disks would still cost money.
            opts=ResourceOptions(parent=self, depends_on=list(self._args.after)),
        )

    def _create_secrets(self) -> list[pulumi.Resource]:
        password = self._random("grafana-password", self._args.secret_versions.grafana_password)
        direct = alertmanager.secret_content(self._args.options.notifications)
        secrets: list[pulumi.Resource] = [
            self._create_secret(
                grafana.SECRET,
                {grafana.USER_KEY: GRAFANA_USER, grafana.PASSWORD_KEY: password},
            ),
            *(
                self._create_secret(token.secret, {token.key: value})
                for token, value in self.tokens.items()
            ),
        ]
        if direct:
            # The SDK marks the content of every Secret as secret.
            secrets.append(self._create_secret(alertmanager.DIRECT_SECRET, {**direct}))
        return secrets

    def _create_secret(
        self, secret_name: str, content: dict[str, pulumi.Input[str]]
    ) -> k8s.core.v1.Secret:
        return k8s.core.v1.Secret(
            f"{self._name}-{secret_name}",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=secret_name, namespace=self._namespace.metadata.name
            ),
            string_data=content,
            opts=self._child,
        )

    def _random(self, role: str, version: int) -> pulumi.Output[str]:
        return random_secret(f"{self._name}-{role}", version=version, opts=self._child)

    def _install_metrics_and_cost(self, secrets: Sequence[pulumi.Resource]) -> None:
        options, cluster = self._args.options, self._args.cluster
        if not options.metrics.enabled:
            return
        values = prometheus_values(
            options,
            cluster=cluster,
            region=self._args.region,
            topic_arn=self._args.topic_arn,
        )
        prometheus = self._install(
            versions.PROMETHEUS_STACK_CHART, values, after=[self.definitions, *secrets]
        )
        self._discover_services([self.definitions, *secrets])
        self._bound_prometheus()
        self._create_rules(prometheus)
        if options.cost.enabled:
            self._install(
                versions.OPENCOST_CHART, opencost_values(cluster=cluster), after=[prometheus]
            )

    def _discover_services(self, after: Sequence[pulumi.Resource]) -> None:
        """Have Prometheus scrape the services of the backend's catalog."""
        k8s.apiextensions.CustomResource(
            f"{self._name}-catalog",
            api_version="monitoring.coreos.com/v1alpha1",
            kind="ScrapeConfig",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=catalog_scrape.JOB, namespace=self._namespace.metadata.name
            ),
            spec=catalog_scrape.scrape_config(memory_mb=self._args.options.metrics.memory_mb),
            opts=ResourceOptions(parent=self, depends_on=list(after)),
        )

    def _bound_prometheus(self) -> None:
        """Allow Prometheus to reach every pod, node and service, but not the excluded ranges."""
        block = k8s.networking.v1.IPBlockArgs(
            cidr="0.0.0.0/0", except_=catalog_scrape.never_reached(self._args.ranges.database)
        )
        everything_else = k8s.networking.v1.NetworkPolicyEgressRuleArgs(
            to=[k8s.networking.v1.NetworkPolicyPeerArgs(ip_block=block)]
        )
        k8s.networking.v1.NetworkPolicy(
            f"{self._name}-prometheus-egress",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=naming.PROMETHEUS_SERVICE, namespace=self._namespace.metadata.name
            ),
            spec=k8s.networking.v1.NetworkPolicySpecArgs(
                pod_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=POD_LABELS),
                policy_types=["Egress"],
                egress=[everything_else],
            ),
            opts=self._child,
        )

    def _create_rules(self, prometheus: pulumi.Resource) -> None:
        k8s.apiextensions.CustomResource(
            f"{self._name}-platform-rules",
            api_version="monitoring.coreos.com/v1",
            kind="PrometheusRule",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name="platform", namespace=self._namespace.metadata.name
            ),
            spec={"groups": list(self._args.rule_groups)},
            # The operator's webhook checks the rules, so it must exist first.
            opts=ResourceOptions(parent=self, depends_on=[prometheus]),
        )

    def _install_logs(self) -> None:
        if not self._args.options.logs.enabled:
            return
        values = loki_values(self._args.options, region=self._args.region, bucket=self._args.bucket)
        loki = self._install(versions.LOKI_CHART, values, after=[self.definitions])
        self._install(versions.ALLOY_CHART, chart_values(versions.ALLOY_CHART), after=[loki])

    def _install_traces(self) -> None:
        options = self._args.options
        if options.traces.enabled:
            self._install(versions.JAEGER_CHART, jaeger_values(options), after=[self.definitions])

    def _install(
        self,
        chart: HelmChart,
        values: Mapping[str, object],
        *,
        after: Sequence[pulumi.Resource],
    ) -> k8s.helm.v3.Release:
        is_stack = chart is versions.PROMETHEUS_STACK_CHART
        what = ThirdParty(
            chart=chart,
            release=naming.PROMETHEUS_RELEASE if is_stack else chart.name,
            namespace=self._namespace.metadata.name,
            values=values,
            directory=self._args.chart_directory,
        )
        return install(f"{self._name}-{what.release}", what, parent=self, after=after)
