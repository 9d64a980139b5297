"""The options of an operator, as the groups of Pulumi.<stack>.yaml. Pure: no Pulumi here.

Each field's description says what it is and which values are allowed; error messages repeat it.
infra/validation/deployment.py checks what must hold between fields, so that all mistakes are
reported at once.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from infra.config.addressing import EVERYWHERE
from infra.config.database import REGION, DatabaseOptions
from infra.config.network import Cidr, NetworkOptions
from infra.config.nodes import NodeOptions
from infra.config.observability import ObservabilityOptions
from infra.config.option_group import Group, Identifier, Version
from infra.config.partition import Partition, partition_of
from infra.naming import ALERTMANAGER_TOKEN, DISCOVERY_TOKEN, SharedToken

RoleArn = Annotated[
    str,
    StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[!-~]{1,576}$"),
]


class AccessLevel(StrEnum):
    """EKS access policies, by what they allow."""

    ADMIN = "admin"
    EDIT = "edit"
    VIEW = "view"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class ControlPlaneLog(StrEnum):
    API = "api"
    AUDIT = "audit"
    AUTHENTICATOR = "authenticator"
    CONTROLLER_MANAGER = "controllerManager"
    SCHEDULER = "scheduler"


class LogClass(StrEnum):
    STANDARD = "STANDARD"
    INFREQUENT_ACCESS = "INFREQUENT_ACCESS"


class AccessEntry(Group):
    principal_arn: RoleArn = Field(
        description="an IAM role or user, arn:aws:iam::<account>:role/<name>"
    )
    access: AccessLevel = Field(description="admin, edit or view")
    namespaces: tuple[str, ...] = Field(
        (), description="namespaces that the access is limited to; empty means all"
    )


class ClusterOptions(Group):
    version: Version = Field(description='Kubernetes minor in quotes, such as "1.36"')
    extended_support: bool = Field(
        default=False,
        description="true pays to stay past standard support; false lets AWS upgrade instead",
    )
    allow_rollback: bool = Field(
        default=False,
        description="true for the `pulumi up` after EKS has rolled the version back by one minor",
    )
    public_endpoint: bool = Field(
        default=True, description="whether the API is reachable from publicEndpointCidrs"
    )
    public_endpoint_cidrs: tuple[Cidr, ...] = Field(
        max_length=40,
        description="who may reach the API from the internet, 40 ranges at most; [] with"
        " publicEndpoint: false",
    )
    access_entries: dict[Identifier, AccessEntry] = Field(
        {}, description="who may use the cluster in addition to its creator, by a short name"
    )
    log_retention_days: int = Field(
        30, description="days that control-plane logs are kept: 1, 3, 5, 7, 14, 30, 60, 90, … 3653"
    )
    log_types: tuple[ControlPlaneLog, ...] = Field(
        tuple(ControlPlaneLog),
        description="control-plane logs at $0.50 per GB: api, audit, authenticator,"
        " controllerManager, scheduler; [] for none. api and audit are by far the largest",
    )
    log_class: LogClass = Field(
        LogClass.STANDARD,
        description="STANDARD, or INFREQUENT_ACCESS at half the price ($0.25 per GB), which only"
        " Logs Insights reads; fixed once the stack exists",
    )


class LoadBalancerOptions(Group):
    internal: bool = Field(
        default=False, description="true makes it reachable from the VPC and its peers only"
    )
    source_cidrs: tuple[Cidr, ...] = Field(
        (EVERYWHERE,), min_length=1, description="who may send requests, 0.0.0.0/0 for everyone"
    )
    access_logs: bool = Field(
        default=False,
        description="true writes each request to an S3 bucket, at $0.023 per GB and month; false"
        " by default, because the backend logs requests itself",
    )
    access_log_days: int = Field(
        30, ge=1, le=3653, description="days that access logs are kept, 1 to 3653"
    )


class RegistryOptions(Group):
    keep_images: int = Field(
        30,
        ge=5,
        le=1000,
        description="releases (tags such as 1.4.0) kept to roll back to, 5 to 1000",
    )
    keep_builds: int = Field(
        30, ge=5, le=1000, description="images with other tags that are kept, 5 to 1000"
    )


class AddonOptions(Group):
    load_balancer_controller: bool = Field(
        default=True,
        description="false when the cluster brings its own AWS Load Balancer Controller, which must"
        " serve TargetGroupBindings before the backend is released",
    )
    metrics_server: bool = Field(
        default=True, description="false when EKS's own metrics-server add-on is installed"
    )
    cluster_autoscaler: bool = Field(
        default=True, description="false when something else adds and removes nodes"
    )
    chart_directory: str | None = Field(
        None,
        min_length=1,
        description="folder with the charts' archives (helm pull) instead of their repositories",
    )


class BackendOptions(Group):
    replicas: int = Field(2, ge=1, le=100, description="API pods without load, 1 to 100")
    max_replicas: int = Field(10, ge=1, le=100, description="API pods under load, 1 to 100")
    database_pool_size: int = Field(
        5, ge=1, le=100, description="database connections of one pod, 1 to 100"
    )
    log_level: LogLevel = Field(LogLevel.INFO, description="debug, info, warning or error")
    build_image: bool = Field(
        description="true builds and pushes the first image; false expects its tag in the registry"
    )


class SecretVersions(Group):
    """A higher number replaces the secret at the next `pulumi up`."""

    database_password: int = Field(1, ge=1, description="raise to rotate the database password")
    admin_token: int = Field(1, ge=1, description="raise to create a new first admin token")
    session_key: int = Field(1, ge=1, description="raise to sign everyone out of the console")
    alertmanager_token: int = Field(
        1, ge=1, description="raise to replace the token with which Alertmanager delivers"
    )
    discovery_token: int = Field(
        1, ge=1, description="raise to replace the token with which Prometheus reads targets"
    )
    grafana_password: int = Field(1, ge=1, description="raise to create a new Grafana password")

    def of(self, token: SharedToken) -> int:
        return {
            ALERTMANAGER_TOKEN: self.alertmanager_token,
            DISCOVERY_TOKEN: self.discovery_token,
        }[token]


class Options(Group):
    """The whole of Pulumi.<stack>.yaml."""

    region: str = Field(pattern=REGION, description="AWS region: us-east-1")
    allowed_account_id: str = Field(
        "",
        pattern=r"^([0-9]{12})?$",
        description="the only account to deploy to, 12 digits in quotes",
    )
    tags: dict[str, str] = Field({}, description="tags of every resource, in addition to our own")
    permissions_boundary: str = Field(
        "",
        pattern=r"^(arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/[!-~]{1,640})?$",
        description="the policy that limits every role of the stack,"
        " arn:aws:iam::<account>:policy/<name>; empty for none",
    )
    role_path: str = Field(
        "/",
        pattern=r"^/([!-~]{1,510}/)?$",
        description="the path of every role, which begins and ends with a slash: /platform/",
    )
    deletion_protection: bool = Field(
        description="true protects database, cluster, load balancer, logs and keys from deletion"
    )
    destroy_data: bool = Field(
        default=False,
        description="true lets `pulumi destroy` delete the registry's images and the stored logs",
    )
    network: NetworkOptions = Field(description="addresses, zones and NAT")
    cluster: ClusterOptions = Field(description="the Kubernetes control plane")
    nodes: NodeOptions = Field(description="node groups")
    database: DatabaseOptions = Field(description="the PostgreSQL database")
    load_balancer: LoadBalancerOptions = Field(
        LoadBalancerOptions(), description="who reaches the console and the API"
    )
    registry: RegistryOptions = Field(RegistryOptions(), description="the image registry")
    addons: AddonOptions = Field(AddonOptions(), description="what runs in kube-system")
    backend: BackendOptions = Field(description="the backend's release")
    observability: ObservabilityOptions = Field(
        ObservabilityOptions(), description="metrics, logs, traces, cost and notifications"
    )
    secret_versions: SecretVersions = Field(SecretVersions(), description="rotation of secrets")

    @property
    def partition(self) -> Partition:
        return partition_of(self.region)
