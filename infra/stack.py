"""The reference deployment: connects the components through their plain outputs."""

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra import naming
from infra.aws import iam
from infra.aws.bootstrap_image import BootstrapImage, BootstrapImageArgs
from infra.aws.cluster import Cluster, ClusterArgs
from infra.aws.database import Database, DatabaseArgs
from infra.aws.load_balancer import IDLE_TIMEOUT_SECONDS, LoadBalancer, LoadBalancerArgs
from infra.aws.managed_addons import EBS_CSI_SERVICE_ACCOUNT, ManagedAddons, ManagedAddonsArgs
from infra.aws.network import Network, NetworkArgs
from infra.aws.nodes import Nodes, NodesArgs
from infra.aws.offered_versions import ask_aws
from infra.aws.registry import Registry, RegistryArgs
from infra.aws.workload_identity import (
    WorkloadIdentity,
    WorkloadIdentityArgs,
    create_workload_roles,
)
from infra.guard import Guard
from infra.kubernetes.addons import CLUSTER_AUTOSCALER, LOAD_BALANCER_CONTROLLER, Addons, AddonsArgs
from infra.kubernetes.backend_release import BackendRelease, BackendReleaseArgs, Monitoring
from infra.providers import aws_provider, kubernetes_provider
from infra.settings import Settings
from infra.stack_monitoring import Components, add_alarms, add_observability, add_topic


def build(settings: Settings) -> None:
    """Declare every resource of the deployment and its outputs."""
    for finding in settings.findings:
        pulumi.log.warn(str(finding))

    options, guard = settings.options, Guard(settings)
    cloud = aws_provider(options, settings.names, region=guard.once_accepted(options.region))
    ask_aws(options, cloud)
    in_aws = ResourceOptions(providers=[cloud])
    network = _network(settings, in_aws)
    balancer = _load_balancer(settings, in_aws, network)
    cluster = _cluster(settings, in_aws, network)
    nodes = _nodes(settings, in_aws, cloud, network, balancer, cluster)
    database = _database(settings, in_aws, network, nodes)
    registry = _registry(settings, in_aws)
    managed = _managed_addons(settings, in_aws, cluster, nodes)

    in_cluster = ResourceOptions(providers=[kubernetes_provider(cluster.kubeconfig)])
    identities = _workload_identities(settings, in_aws, cluster, balancer)
    addons = _addons(settings, in_cluster, network, cluster, nodes, managed, identities)
    topic = add_topic(settings, in_aws)
    components = Components(cluster=cluster, nodes=nodes, managed=managed, addons=addons)
    monitoring = add_observability(
        settings, in_aws, in_cluster, components, topic, console=balancer.url
    )
    image = _bootstrap_image(settings, in_aws, registry)
    release = _backend_release(
        settings,
        in_cluster,
        network,
        balancer,
        database,
        registry,
        addons,
        monitoring,
        after=[
            *nodes.ready,
            *managed.ready,
            managed.storage,
            *database.ready,
            *balancer.ready,
            *addons.ready,
            *image,
        ],
    )
    add_alarms(settings, in_aws, balancer, database, topic, after=[release])
    _export(settings, balancer, cluster, database, registry, release)


def _network(settings: Settings, in_aws: ResourceOptions) -> Network:
    options = settings.options.network
    args = NetworkArgs(
        names=settings.names,
        region=settings.options.region,
        cidr=options.cidr,
        zones=options.zones,
        public_cidrs=options.public_cidrs,
        private_cidrs=options.private_cidrs,
        database_cidrs=options.database_cidrs,
        nat=options.nat,
    )
    return Network("network", args, in_aws)


def _load_balancer(settings: Settings, in_aws: ResourceOptions, network: Network) -> LoadBalancer:
    options = settings.options.load_balancer
    args = LoadBalancerArgs(
        names=settings.names,
        vpc_id=network.vpc_id,
        subnet_ids=(network.private_subnet_ids if options.internal else network.public_subnet_ids),
        internet=network.internet,
        options=options,
        deletion_protection=settings.options.deletion_protection,
    )
    return LoadBalancer("load-balancer", args, in_aws)


def _cluster(settings: Settings, in_aws: ResourceOptions, network: Network) -> Cluster:
    args = ClusterArgs(
        names=settings.names,
        vpc_id=network.vpc_id,
        subnet_ids=network.private_subnet_ids,
        options=settings.options.cluster,
        deletion_protection=settings.options.deletion_protection,
    )
    return Cluster("cluster", args, in_aws)


def _nodes(
    settings: Settings,
    in_aws: ResourceOptions,
    cloud: aws.Provider,
    network: Network,
    balancer: LoadBalancer,
    cluster: Cluster,
) -> Nodes:
    args = NodesArgs(
        names=settings.names,
        vpc_id=network.vpc_id,
        subnet_ids=network.private_subnet_ids,
        cluster_name=cluster.name,
        cluster_version=settings.options.cluster.version,
        cluster_security_group_id=cluster.security_group_id,
        load_balancer_security_group_id=balancer.security_group_id,
        options=settings.options.nodes,
        tags=settings.names.tags(settings.options.tags),
        provider=cloud,
        egress=network.egress,
    )
    return Nodes("nodes", args, in_aws)


def _database(
    settings: Settings, in_aws: ResourceOptions, network: Network, nodes: Nodes
) -> Database:
    args = DatabaseArgs(
        names=settings.names,
        vpc_id=network.vpc_id,
        subnet_ids=network.database_subnet_ids,
        node_security_group_id=nodes.security_group_id,
        private_cidrs=settings.options.network.private_cidrs,
        options=settings.options.database,
        password_version=settings.options.secret_versions.database_password,
        deletion_protection=settings.options.deletion_protection,
    )
    return Database("database", args, in_aws)


def _registry(settings: Settings, in_aws: ResourceOptions) -> Registry:
    args = RegistryArgs(
        names=settings.names,
        keep_images=settings.options.registry.keep_images,
        keep_builds=settings.options.registry.keep_builds,
        destroy_images=settings.options.destroy_data,
    )
    return Registry("registry", args, in_aws)


def _managed_addons(
    settings: Settings, in_aws: ResourceOptions, cluster: Cluster, nodes: Nodes
) -> ManagedAddons:
    ebs_csi = WorkloadIdentity(
        "ebs-csi",
        WorkloadIdentityArgs(
            names=settings.names,
            cluster_name=cluster.name,
            namespace=naming.SYSTEM_NAMESPACE,
            service_account=EBS_CSI_SERVICE_ACCOUNT,
            managed_policy_arn=iam.EBS_CSI_DRIVER_POLICY,
            associate=False,
        ),
        in_aws,
    )
    args = ManagedAddonsArgs(
        names=settings.names,
        cluster_name=cluster.name,
        cluster_version=settings.options.cluster.version,
        ebs_csi_role_arn=ebs_csi.role_arn,
        after=[*nodes.ready, *ebs_csi.ready],
    )
    return ManagedAddons("managed-addons", args, in_aws)


def _workload_identities(
    settings: Settings, in_aws: ResourceOptions, cluster: Cluster, balancer: LoadBalancer
) -> list[pulumi.Resource]:
    """Create the controllers' roles; return what must exist before their pods do."""
    policies: dict[str, pulumi.Output[str]] = {
        LOAD_BALANCER_CONTROLLER: balancer.target_group_arn.apply(iam.load_balancer_controller)
    }
    if settings.options.addons.cluster_autoscaler:
        policies[CLUSTER_AUTOSCALER] = cluster.name.apply(iam.cluster_autoscaler)
    return create_workload_roles(
        settings.names, cluster.name, naming.SYSTEM_NAMESPACE, policies, in_aws
    )


def _addons(
    settings: Settings,
    in_cluster: ResourceOptions,
    network: Network,
    cluster: Cluster,
    nodes: Nodes,
    managed: ManagedAddons,
    identities: list[pulumi.Resource],
) -> Addons:
    args = AddonsArgs(
        options=settings.options.addons,
        region=settings.options.region,
        vpc_id=network.vpc_id,
        cluster_name=cluster.name,
        cluster_version=settings.options.cluster.version,
        after=[*nodes.ready, *managed.ready, *identities],
        storage=managed.storage,
    )
    return Addons("addons", args, in_cluster)


def _bootstrap_image(
    settings: Settings, in_aws: ResourceOptions, registry: Registry
) -> list[pulumi.Resource]:
    if not settings.options.backend.build_image:
        return []
    args = BootstrapImageArgs(
        repository_url=registry.repository_url,
        registry_id=registry.registry_id,
        tag=settings.app_version,
    )
    return BootstrapImage("bootstrap-image", args, in_aws).ready


def _backend_release(
    settings: Settings,
    in_cluster: ResourceOptions,
    network: Network,
    balancer: LoadBalancer,
    database: Database,
    registry: Registry,
    addons: Addons,
    monitoring: Monitoring | None,
    after: list[pulumi.Resource],
) -> BackendRelease:
    options = settings.options
    args = BackendReleaseArgs(
        environment=settings.names.stack,
        options=options.backend,
        secret_versions=options.secret_versions,
        vpc_id=network.vpc_id,
        repository_url=registry.repository_url,
        database_host=database.host,
        database_port=database.port,
        database_password=database.password,
        database_cidrs=options.network.database_cidrs,
        target_group_arn=balancer.target_group_arn,
        load_balancer_cidrs=options.load_balancer_cidrs,
        load_balancer_idle_timeout_seconds=IDLE_TIMEOUT_SECONDS,
        load_balancer_controller=addons.load_balancer_controller,
        monitoring=monitoring,
        after=after,
    )
    return BackendRelease("backend", args, in_cluster)


def _export(
    settings: Settings,
    balancer: LoadBalancer,
    cluster: Cluster,
    database: Database,
    registry: Registry,
    release: BackendRelease,
) -> None:
    """Export the addresses and names that kubectl and helm need, without passwords or tokens."""
    outputs: dict[str, pulumi.Input[str | None]] = {
        "url": balancer.url,
        "region": settings.options.region,
        "clusterName": cluster.name,
        "kubeconfig": cluster.kubeconfig,
        "registry": registry.repository_url,
        "databaseEndpoint": database.endpoint,
        "databaseName": naming.DATABASE_NAME,
        "databaseUser": naming.DATABASE_USER,
        "namespace": release.namespace,
        "release": release.release,
        "finalSnapshot": database.final_snapshot,
        "databaseSecret": naming.DATABASE_SECRET,
        "authSecret": naming.AUTH_SECRET,
    }
    for name, value in outputs.items():
        pulumi.export(name, value)
