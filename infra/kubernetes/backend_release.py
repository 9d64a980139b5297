"""The backend in the cluster: namespace, Secrets, the binding to the load balancer, the release.

Pulumi owns all of it except the image's tag: it installs the release without a tag (the chart's
default is appVersion), and `make release` sets it. See docs/adr/0021.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from infra import naming
from infra.config.options import BackendOptions, SecretVersions
from infra.random_secret import random_secret

CHART = "./charts/backend"
TIMEOUT_SECONDS = 600
# `helm rollback` can go back to these.
RELEASES_KEPT = 10


@dataclass(frozen=True, kw_only=True)
class Monitoring:
    """What the backend needs of the monitoring stack."""

    # Without these, ServiceMonitor is an unknown kind.
    definitions: pulumi.Resource
    # Whether Prometheus and Grafana are installed.
    metrics: bool
    # Whether the exporter of the database's metrics is installed.
    database_metrics: bool
    # Empty without a collector.
    otlp_endpoint: str
    # Secrets: the tokens that monitoring programs send.
    tokens: Mapping[naming.SharedToken, pulumi.Output[str]]


@dataclass(frozen=True, kw_only=True)
class BackendReleaseArgs:
    environment: str
    options: BackendOptions
    secret_versions: SecretVersions
    vpc_id: pulumi.Input[str]
    repository_url: pulumi.Input[str]
    database_host: pulumi.Input[str]
    database_port: pulumi.Input[int]
    database_password: pulumi.Input[str]
    database_cidrs: Sequence[IPv4Network]
    target_group_arn: pulumi.Input[str]
    load_balancer_cidrs: Sequence[IPv4Network]
    load_balancer_idle_timeout_seconds: int
    # The controller that handles the TargetGroupBinding.
    load_balancer_controller: Sequence[pulumi.Resource]
    monitoring: Monitoring | None
    # Pods, migrations and requests need all of these.
    after: Sequence[pulumi.Resource]


class BackendRelease(pulumi.ComponentResource):
    """The Helm release of charts/backend, and what must exist before it."""

    namespace: pulumi.Output[str]
    release: pulumi.Output[str | None]

    def __init__(
        self, name: str, args: BackendReleaseArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("platform:backend_release:BackendRelease", name, None, opts)
        self._name, self._args, self._child = name, args, ResourceOptions(parent=self)
        self._after_platform = ResourceOptions(
            parent=self, depends_on=[*args.load_balancer_controller, *args.after]
        )

        namespace = self._create_namespace()
        self.namespace = namespace.metadata.name
        secrets = [self._create_database_secret(), self._create_auth_secret()]
        binding = self._create_target_group_binding()
        definitions = [args.monitoring.definitions] if args.monitoring else []
        release = self._install([*secrets, binding, *definitions, *args.after])

        self.release = release.name
        self.register_outputs({"namespace": self.namespace, "release": self.release})

    def _create_namespace(self) -> k8s.core.v1.Namespace:
        return k8s.core.v1.Namespace(
            f"{self._name}-namespace",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=naming.NAMESPACE,
                labels={
                    # A new pod is ready only when the load balancer sends requests to it.
                    "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled",
                    "pod-security.kubernetes.io/enforce": "restricted",
                },
            ),
            # Deleted first, while nodes, controllers and volumes exist, so that nothing gets stuck.
            opts=self._after_platform,
        )

    def _create_database_secret(self) -> k8s.core.v1.Secret:
        return self._create_secret(
            "database-secret",
            naming.DATABASE_SECRET,
            {naming.DATABASE_PASSWORD_KEY: self._args.database_password},
        )

    def _create_auth_secret(self) -> k8s.core.v1.Secret:
        versions, monitoring = self._args.secret_versions, self._args.monitoring
        content: dict[str, pulumi.Input[str]] = {
            naming.ADMIN_TOKEN_KEY: self._random("admin-token", versions.admin_token),
            naming.SESSION_KEY_KEY: self._random("session-key", versions.session_key),
        }
        for token, value in (monitoring.tokens if monitoring else {}).items():
            content[token.key] = value
        return self._create_secret("auth-secret", naming.AUTH_SECRET, content)

    def _create_secret(
        self, role: str, secret_name: str, content: dict[str, pulumi.Input[str]]
    ) -> k8s.core.v1.Secret:
        return k8s.core.v1.Secret(
            f"{self._name}-{role}",
            metadata=k8s.meta.v1.ObjectMetaArgs(name=secret_name, namespace=self.namespace),
            string_data=content,
            opts=self._child,
        )

    def _random(self, role: str, version: int) -> pulumi.Output[str]:
        return random_secret(f"{self._name}-{role}", version=version, opts=self._child)

    def _create_target_group_binding(self) -> pulumi.Resource:
        """Create the binding, first because only later pods get readiness gates.

        Without `networking`, the controller does not change security groups.
        """
        return k8s.apiextensions.CustomResource(
            f"{self._name}-target-group-binding",
            api_version="elbv2.k8s.aws/v1beta1",
            kind="TargetGroupBinding",
            metadata=k8s.meta.v1.ObjectMetaArgs(name=naming.RELEASE, namespace=self.namespace),
            spec={
                "serviceRef": {"name": naming.RELEASE, "port": naming.SERVICE_PORT},
                "targetGroupARN": self._args.target_group_arn,
                "targetType": "ip",
                "ipAddressType": "ipv4",
                # Set so that admission needs no call to AWS.
                "vpcID": self._args.vpc_id,
            },
            opts=self._after_platform,
        )

    def _install(self, after: Sequence[pulumi.Resource]) -> k8s.helm.v3.Release:
        return k8s.helm.v3.Release(
            f"{self._name}-release",
            name=naming.RELEASE,
            namespace=self.namespace,
            chart=CHART,
            values=self._values(),
            # Keeps the tag that `make release` has set.
            reuse_values=True,
            # A failed first installation stays for inspection; the next run upgrades it.
            atomic=False,
            timeout=TIMEOUT_SECONDS,
            max_history=RELEASES_KEPT,
            opts=ResourceOptions(parent=self, depends_on=list(after)),
        )

    def _values(self) -> dict[str, object]:
        """Return the names of Secrets and addresses, but never a secret or image.tag."""
        args, options, monitoring = self._args, self._args.options, self._args.monitoring
        # Always set: with `reuse_values`, a missing value would keep its old content.
        metrics = {"enabled": monitoring is not None and monitoring.metrics}
        return {
            "image": {"repository": args.repository_url},
            "serviceAccount": {"create": True, "name": naming.RELEASE},
            "config": {
                "environment": args.environment,
                "logLevel": options.log_level.value,
                "otlpEndpoint": monitoring.otlp_endpoint if monitoring else "",
            },
            "database": {
                "host": args.database_host,
                "port": args.database_port,
                "name": naming.DATABASE_NAME,
                "user": naming.DATABASE_USER,
                "existingSecret": naming.DATABASE_SECRET,
                "passwordKey": naming.DATABASE_PASSWORD_KEY,
                "poolSize": options.database_pool_size,
            },
            "auth": {
                "existingSecret": naming.AUTH_SECRET,
                "adminTokenKey": naming.ADMIN_TOKEN_KEY,
                "sessionKeyKey": naming.SESSION_KEY_KEY,
                **self._shared_token_keys(),
                "generation": self._token_generation(),
            },
            "replicaCount": options.replicas,
            "autoscaling": {
                "enabled": options.max_replicas > options.replicas,
                "minReplicas": options.replicas,
                "maxReplicas": options.max_replicas,
            },
            "loadBalancer": {
                "cidrs": [str(cidr) for cidr in args.load_balancer_cidrs],
                "idleTimeoutSeconds": args.load_balancer_idle_timeout_seconds,
            },
            "networkPolicy": {
                "monitoringNamespace": naming.MONITORING_NAMESPACE,
                "databaseCidrs": [str(cidr) for cidr in args.database_cidrs],
            },
            "serviceMonitor": metrics,
            "prometheusRule": metrics,
            "dashboards": metrics,
            "databaseExporter": self._database_exporter(),
        }

    def _shared_token_keys(self) -> dict[str, str]:
        """Return the keys of the monitoring tokens; empty without monitoring."""
        given = self._args.monitoring.tokens if self._args.monitoring else {}
        return {
            token.chart_value: token.key if token in given else "" for token in naming.SHARED_TOKENS
        }

    def _database_exporter(self) -> dict[str, object]:
        """Return the exporter's values. A new password restarts it, to be read again."""
        if not (self._args.monitoring and self._args.monitoring.database_metrics):
            return {"enabled": False, "generation": ""}
        return {"enabled": True, "generation": str(self._args.secret_versions.database_password)}

    def _token_generation(self) -> str:
        """Return the tokens' generation. A new one runs the migration, which stores the tokens."""
        versions = self._args.secret_versions
        shared = (versions.of(token) for token in naming.SHARED_TOKENS)
        return ".".join(str(number) for number in (versions.admin_token, *shared))
