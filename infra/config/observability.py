"""The options of the monitoring stack. Pure: no Pulumi here.

infra/validation/observability.py checks what must hold between the fields.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from infra.config.option_group import Group, Version, distinct
from infra.naming import STORAGE_CLASS
from infra.versions import JAEGER

# What SNS, which refuses anything else half-way, can send to.
Email = Annotated[str, StringConstraints(pattern=r"^[!-?A-~]{1,64}@[!-?A-~]{1,253}$")]


class GrafanaAccess(StrEnum):
    """How people reach Grafana."""

    PORT_FORWARD = "port-forward"
    LOAD_BALANCER = "load-balancer"


class DirectReceiver(StrEnum):
    """Where Alertmanager sends what must not depend on the backend."""

    SNS = "sns"
    SLACK = "slack"
    WEBHOOK = "webhook"
    EMAIL = "email"
    NONE = "none"


class MetricsOptions(Group):
    enabled: bool = Field(
        default=True, description="whether Prometheus, Alertmanager and Grafana are installed"
    )
    retention_days: int = Field(
        5, ge=1, le=365, description="days that metrics are kept, 1 to 365, while they fit"
    )
    storage_gb: int = Field(10, ge=5, le=1000, description="Prometheus' volume in GB, 5 to 1000")
    memory_mb: int = Field(
        640,
        ge=256,
        le=65536,
        description="memory request of Prometheus in MiB, 256 to 65536; the limit is twice as much",
    )
    database_exporter: bool = Field(
        default=True, description="whether the database exporter is installed (postgres_exporter)"
    )


class LogsOptions(Group):
    enabled: bool = Field(default=True, description="whether Loki and Alloy are installed")
    retention_days: int = Field(7, ge=1, le=365, description="days that logs are kept, 1 to 365")
    storage_gb: int = Field(20, ge=5, le=1000, description="Loki's volume in GB, 5 to 1000")
    object_storage: bool = Field(
        default=False, description="true keeps logs in an S3 bucket, false on the volume"
    )


class TracesOptions(Group):
    enabled: bool = Field(default=True, description="whether Jaeger is installed")
    retention_hours: int = Field(
        72, ge=1, le=8760, description="hours that traces are kept, 1 to 8760"
    )
    storage_gb: int = Field(5, ge=1, le=1000, description="Jaeger's volume in GB, 1 to 1000")
    version: Version = Field(JAEGER, description=f'Jaeger\'s version in quotes, such as "{JAEGER}"')


class CostOptions(Group):
    enabled: bool = Field(default=True, description="whether OpenCost is installed")
    monthly_budget_usd: int | None = Field(
        None,
        ge=1,
        description="US dollars a month that nodes, volumes and the control plane may cost, 1 or"
        " more; above it an alert fires; without it none does",
    )


class GrafanaOptions(Group):
    access: GrafanaAccess = Field(
        GrafanaAccess.PORT_FORWARD, description="port-forward or load-balancer"
    )
    storage_gb: int = Field(2, ge=1, le=100, description="Grafana's volume in GB, 1 to 100")


class NotificationOptions(Group):
    """Alertmanager's own way to people, beside the backend.

    Set secrets with `pulumi config set --secret --path`, never in clear.
    """

    receiver: DirectReceiver = Field(
        DirectReceiver.SNS, description="sns, slack, webhook, email or none"
    )
    emails: Annotated[tuple[Email, ...], AfterValidator(distinct)] = Field(
        (), description="addresses that get e-mails: subscribed to the topic, or sent to directly"
    )
    url: SecretStr | None = Field(
        None, description="address of the webhook or of Slack's incoming webhook, a secret"
    )
    channel: str = Field("", description="Slack channel, such as #alerts")
    smarthost: str = Field("", description="mail server with port, such as smtp.example.com:587")
    sender: str = Field("", description="address that e-mails come from")
    username: str = Field("", description="user at the mail server")
    password: SecretStr | None = Field(None, description="password at the mail server, a secret")


class ObservabilityOptions(Group):
    enabled: bool = Field(default=True, description="false installs nothing of this group")
    storage_class: str = Field(STORAGE_CLASS, description="the StorageClass of the volumes")
    metrics: MetricsOptions = Field(
        MetricsOptions(), description="Prometheus, Alertmanager and Grafana"
    )
    logs: LogsOptions = Field(LogsOptions(), description="Loki and Alloy")
    traces: TracesOptions = Field(TracesOptions(), description="Jaeger")
    cost: CostOptions = Field(CostOptions(), description="OpenCost")
    grafana: GrafanaOptions = Field(GrafanaOptions(), description="how Grafana is reached")
    notifications: NotificationOptions = Field(
        NotificationOptions(), description="whom Alertmanager notifies directly"
    )
    alarms: bool = Field(default=True, description="whether CloudWatch's alarms are created")

    @property
    def database_metrics(self) -> bool:
        """Whether Prometheus is there and is shown the database."""
        return self.enabled and self.metrics.enabled and self.metrics.database_exporter

    @property
    def volumes(self) -> bool:
        """Whether any pod has a volume, which belongs to one zone."""
        return self.enabled and any((self.metrics.enabled, self.logs.enabled, self.traces.enabled))
