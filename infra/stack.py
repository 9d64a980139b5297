"""The reference deployment: connects the components through their plain outputs."""

from dataclasses import replace

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra import naming
from infra.aws import iam
from infra.aws.account import check_account, with_zone_names
from infra.aws.bootstrap_image import BootstrapImage, BootstrapImageArgs
from infra.aws.cluster import Cluster, ClusterArgs
from infra.aws.database import Database, DatabaseArgs
from infra.aws.existing_network import find_network
from infra.aws.load_balancer import IDLE_TIMEOUT_SECONDS, LoadBalancer, LoadBalancerArgs
from infra.aws.log_store import LogStore
from infra.aws.managed_addons import ManagedAddons, ManagedAddonsArgs, storage_identity
from infra.aws.network import Network, NetworkArgs, Place
from infra.aws.nodes import Nodes, NodesArgs
from infra.aws.offered_versions import ask_aws
from infra.aws.registry import Registry, RegistryArgs
from infra.aws.service_logs import ServiceLogs
from infra.aws.workload_identity import create_workload_roles
from infra.config import endpoints
from infra.guard import Guard
from infra.kubernetes.addons import CLUSTER_AUTOSCALER, LOAD_BALANCER_CONTROLLER, Addons, AddonsArgs
from infra.kubernetes.backend_release import BackendRelease, BackendReleaseArgs
from infra.providers import aws_provider, kubernetes_provider
from infra.settings import Settings
from infra.stack_monitoring import Components, add_alarms, add_observability, add_topic


def build(settings: Settings) -> None:
    """Declare every resource of the deployment and its outputs."""
    options = with_zone_names(settings.options, lambda: _zone_provider(settings))
    _Stack(replace(settings, options=options)).export()


def _zone_provider(settings: Settings) -> aws.Provider:
    region = settings.options.region
    return aws_provider(settings.options, settings.names, region=region, name="zones")


class _Stack:
    """The components; each method reads those that the constructor made before."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._names, self._options = settings, settings.names, settings.options
        self._protected = settings.options.deletion_protection

        guard = Guard(settings)
        region = guard.once_accepted(self._options.region)
        self._cloud = aws_provider(self._options, self._names, region=region)
        self._kept = ask_aws(self._options, self._names, settings.findings, self._cloud)
        check_account(self._options, self._names, self._cloud)
        self._in_aws = ResourceOptions(providers=[self._cloud])
        self._network = self._create_network()
        logs = ServiceLogs(self._options, settings.roles, self._cloud, self._in_aws)
        logs.add_flow_logs(self._network.vpc_id)
        self._balancer = self._create_load_balancer(logs.access_logs())
        self._cluster = self._create_cluster()
        self._nodes = self._create_nodes()
        self._database = self._create_database()
        self._registry = self._create_registry()
        self._managed = self._create_managed_addons()

        kubernetes = kubernetes_provider(self._cluster.kubeconfig)
        self._in_cluster = ResourceOptions(providers=[kubernetes])
        self._addons = self._create_addons(after=self._create_identities())
        topic = add_topic(settings, self._in_aws)
        self._monitoring = add_observability(
            settings,
            self._in_aws,
            self._in_cluster,
            Components(
                network=self._network,
                cluster=self._cluster,
                nodes=self._nodes,
                managed=self._managed,
                addons=self._addons,
            ),
            topic,
            console=self._balancer.url,
        )
        self._release = self._create_release(after=self._create_image())
        add_alarms(
            settings, self._in_aws, self._balancer, self._database, topic, after=[self._release]
        )
        guard.reached(self._release.release, self._database.endpoint)

    def _create_network(self) -> Place:
        options = self._options.network
        if options.existing:
            return find_network(self._options, options.existing, self._names, self._cloud)
        args = NetworkArgs(
            names=self._names,
            region=self._options.region,
            options=options,
            endpoints=endpoints.wanted(self._options),
        )
        return Network("network", args, self._in_aws).place

    def _create_load_balancer(self, access_logs: LogStore | None) -> LoadBalancer:
        options, network = self._options.load_balancer, self._network
        args = LoadBalancerArgs(
            names=self._names,
            vpc_id=network.vpc_id,
            subnet_ids=network.private_subnet_ids
            if options.internal
            else network.public_subnet_ids,
            internet=network.internet,
            options=options,
            access_logs=access_logs,
            deletion_protection=self._protected,
        )
        return LoadBalancer("load-balancer", args, self._in_aws)

    def _create_cluster(self) -> Cluster:
        args = ClusterArgs(
            names=self._names,
            roles=self._settings.roles,
            provider=self._cloud,
            vpc_id=self._network.vpc_id,
            subnet_ids=self._network.private_subnet_ids,
            options=self._options.cluster,
            keep_version=self._kept.kubernetes,
            deletion_protection=self._protected,
        )
        return Cluster("cluster", args, self._in_aws)

    def _create_nodes(self) -> Nodes:
        args = NodesArgs(
            names=self._names,
            roles=self._settings.roles,
            vpc_id=self._network.vpc_id,
            subnet_ids=self._network.private_subnet_ids,
            zones=self._options.network.zones,
            cluster_name=self._cluster.name,
            cluster_version=self._options.cluster.version,
            cluster_security_group_id=self._cluster.security_group_id,
            load_balancer_security_group_id=self._balancer.security_group_id,
            options=self._options.nodes,
            tags=self._names.tags(self._options.tags),
            provider=self._cloud,
            egress=self._network.egress,
        )
        return Nodes("nodes", args, self._in_aws)

    def _create_database(self) -> Database:
        args = DatabaseArgs(
            names=self._names,
            vpc_id=self._network.vpc_id,
            subnet_ids=self._network.database_subnet_ids,
            node_security_group_id=self._nodes.security_group_id,
            private_cidrs=self._network.ranges.private,
            options=self._options,
            running=self._kept.databases or {},
        )
        return Database("database", args, self._in_aws)

    def _create_registry(self) -> Registry:
        args = RegistryArgs(
            names=self._names,
            keep_images=self._options.registry.keep_images,
            keep_builds=self._options.registry.keep_builds,
            destroy_images=self._options.destroy_data,
        )
        return Registry("registry", args, self._in_aws)

    def _create_managed_addons(self) -> ManagedAddons:
        key = self._options.nodes.kms_key
        ebs_csi = storage_identity(self._settings.roles, self._cluster.name, key, self._in_aws)
        args = ManagedAddonsArgs(
            names=self._names,
            cluster_name=self._cluster.name,
            cluster_version=self._options.cluster.version,
            ebs_csi_role_arn=ebs_csi.role_arn,
            volume_tags=self._names.tags(self._options.tags),
            after=[*self._nodes.ready, *ebs_csi.ready],
        )
        return ManagedAddons("managed-addons", args, self._in_aws)

    def _create_identities(self) -> list[pulumi.Resource]:
        """Create the controllers' roles; return what must exist before their pods do."""
        target_group = self._balancer.target_group_arn
        policies = {LOAD_BALANCER_CONTROLLER: target_group.apply(iam.load_balancer_controller)}
        if self._options.addons.cluster_autoscaler:
            policies[CLUSTER_AUTOSCALER] = self._cluster.name.apply(iam.cluster_autoscaler)
        return create_workload_roles(
            self._settings.roles,
            self._cluster.name,
            naming.SYSTEM_NAMESPACE,
            policies,
            self._in_aws,
        )

    def _create_addons(self, after: list[pulumi.Resource]) -> Addons:
        args = AddonsArgs(
            options=self._options.addons,
            volume_key=self._options.nodes.kms_key,
            region=self._options.region,
            vpc_id=self._network.vpc_id,
            cluster_name=self._cluster.name,
            cluster_version=self._options.cluster.version,
            online=self._network.online,
            after=[*self._nodes.ready, *self._managed.ready, *after],
            storage=self._managed.storage,
        )
        return Addons("addons", args, self._in_cluster)

    def _create_image(self) -> list[pulumi.Resource]:
        if not self._options.backend.build_image:
            return []
        args = BootstrapImageArgs(
            repository_url=self._registry.repository_url,
            registry_id=self._registry.registry_id,
            tag=self._settings.app_version,
            platforms=self._options.nodes.platforms,
        )
        return BootstrapImage("bootstrap-image", args, self._in_aws).ready

    def _create_release(self, after: list[pulumi.Resource]) -> BackendRelease:
        options, ranges = self._options, self._network.ranges
        args = BackendReleaseArgs(
            environment=self._names.stack,
            options=options.backend,
            secret_versions=options.secret_versions,
            vpc_id=self._network.vpc_id,
            repository_url=self._registry.repository_url,
            database_host=self._database.host,
            database_port=self._database.port,
            database_password=self._database.password,
            database_cidrs=self._network.ranges.database,
            target_group_arn=self._balancer.target_group_arn,
            load_balancer_cidrs=ranges.private if options.load_balancer.internal else ranges.public,
            load_balancer_idle_timeout_seconds=IDLE_TIMEOUT_SECONDS,
            load_balancer_controller=self._addons.load_balancer_controller,
            monitoring=self._monitoring,
            after=[
                *self._nodes.ready,
                *self._managed.ready,
                self._managed.storage,
                *self._database.ready,
                *self._balancer.ready,
                *self._addons.ready,
                *after,
            ],
        )
        return BackendRelease("backend", args, self._in_cluster)

    def export(self) -> None:
        """Export the addresses and names that kubectl and helm need, no passwords or tokens."""
        outputs: dict[str, pulumi.Input[str | None]] = {
            "url": self._balancer.url,
            "region": self._options.region,
            "clusterName": self._cluster.name,
            "kubeconfig": self._cluster.kubeconfig,
            "registry": self._registry.repository_url,
            "imagePlatforms": ",".join(self._options.nodes.platforms),
            "databaseEndpoint": self._database.endpoint,
            "databaseName": naming.DATABASE_NAME,
            "databaseUser": naming.DATABASE_USER,
            "namespace": self._release.namespace,
            "release": self._release.release,
            "finalSnapshot": self._database.final_snapshot,
            "databaseSecret": naming.DATABASE_SECRET,
            "authSecret": naming.AUTH_SECRET,
        }
        for name, value in outputs.items():
            pulumi.export(name, value)
