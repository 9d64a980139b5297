"""The charts in kube-system and the storage class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from infra import versions
from infra.config.options import AddonOptions
from infra.config.partition import eks_registry
from infra.kubernetes.helm_release import ThirdParty, install
from infra.naming import STORAGE_CLASS, SYSTEM_NAMESPACE
from infra.third_party.charts import chart_values, merged
from infra.versions import HelmChart

LOAD_BALANCER_CONTROLLER = "aws-load-balancer-controller"
CLUSTER_AUTOSCALER = "cluster-autoscaler"


@dataclass(frozen=True, kw_only=True)
class AddonsArgs:
    options: AddonOptions
    # Encrypts the volumes of pods; None means the account's default key.
    volume_key: str | None
    region: str
    vpc_id: pulumi.Input[str]
    cluster_name: pulumi.Input[str]
    cluster_version: str
    # Whether pods reach the internet.
    online: bool
    # Nodes, DNS, pod identity and the workloads' roles.
    after: Sequence[pulumi.Resource]
    # The EBS CSI driver.
    storage: pulumi.Resource


class Addons(pulumi.ComponentResource):
    """Load balancer controller, metrics server, cluster autoscaler, default storage class."""

    # Binds pods to target groups. Without it, a TargetGroupBinding cannot be deleted.
    # Empty where the cluster brings its own.
    load_balancer_controller: list[pulumi.Resource]
    # Volumes use this class.
    storage_class: pulumi.Resource
    # The backend's autoscaling needs these.
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: AddonsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("platform:addons:Addons", name, None, opts)
        self._name, self._args = name, args

        self.storage_class = self._create_storage_class()
        self.load_balancer_controller = []
        if args.options.load_balancer_controller:
            self.load_balancer_controller.append(self._install_load_balancer_controller())
        self.ready = [*self.load_balancer_controller]
        if args.options.metrics_server:
            self.ready.append(self._install(versions.METRICS_SERVER_CHART, {}))
        if args.options.cluster_autoscaler:
            self._install_cluster_autoscaler()
        self.register_outputs({})

    def _create_storage_class(self) -> k8s.storage.v1.StorageClass:
        key = {"kmsKeyId": self._args.volume_key} if self._args.volume_key else {}
        return k8s.storage.v1.StorageClass(
            f"{self._name}-{STORAGE_CLASS}",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=STORAGE_CLASS,
                # EKS has no default class: claims without a class would stay pending.
                annotations={"storageclass.kubernetes.io/is-default-class": "true"},
            ),
            provisioner="ebs.csi.aws.com",
            parameters={"type": "gp3", "encrypted": "true", **key},
            # A volume belongs to a zone, so it is created in the pod's zone.
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
            reclaim_policy="Delete",
            opts=ResourceOptions(parent=self, depends_on=[self._args.storage]),
        )

    def _install_load_balancer_controller(self) -> k8s.helm.v3.Release:
        # Region and VPC are set because pods cannot reach the metadata service (hop limit 1).
        place: dict[str, object] = {
            "clusterName": self._args.cluster_name,
            "region": self._args.region,
            "vpcId": self._args.vpc_id,
        }
        if registry := eks_registry(self._args.region):
            place["image"] = {"repository": f"{registry}/amazon/aws-load-balancer-controller"}
        return self._install(versions.LOAD_BALANCER_CONTROLLER_CHART, place)

    def _install_cluster_autoscaler(self) -> k8s.helm.v3.Release:
        release = versions.KUBERNETES[self._args.cluster_version]
        place = {
            # Without the name the chart silently renders no Deployment.
            "autoDiscovery": {"clusterName": self._args.cluster_name},
            "awsRegion": self._args.region,
            # It simulates the scheduler of its own version, so it must match the cluster's.
            "image": {"tag": release.cluster_autoscaler},
            # Otherwise it reads AWS's price list at its start, which is on the internet.
            "extraArgs": {} if self._args.online else {"aws-use-static-instance-list": True},
        }
        return self._install(versions.CLUSTER_AUTOSCALER_CHART, place)

    def _install(self, chart: HelmChart, place: Mapping[str, object]) -> k8s.helm.v3.Release:
        what = ThirdParty(
            chart=chart,
            release=chart.name,
            namespace=SYSTEM_NAMESPACE,
            values=merged(chart_values(chart), place),
            directory=self._args.options.chart_directory,
        )
        return install(f"{self._name}-{chart.name}", what, parent=self, after=self._args.after)
