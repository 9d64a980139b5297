"""Everything on this machine together: `assembly.py` puts it together, `engine.up()` deploys."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from e2e.cluster.cluster import Cluster
from e2e.cluster.kubectl import Kubectl
from e2e.deploy.cloud.fake_aws.rds import INSTANCE, backup_arn
from e2e.deploy.cloud.fake_aws.services import made_by_eks
from e2e.deploy.cloud.world import World
from e2e.load_balancer.running import LoadBalancer
from e2e.platform import settling
from e2e.platform.deployed import Deployed
from e2e.platform.registry import Registry
from infra.naming import NAMESPACE, STORAGE_CLASS

_WEBHOOKS = "mutatingwebhookconfigurations,validatingwebhookconfigurations"
_BINDINGS = "targetgroupbindings.elbv2.k8s.aws"
_IF_ANY = "--ignore-not-found"


@dataclass(frozen=True, slots=True)
class Platform(Deployed):
    """Get one from `assembly.up`, or from `assembly.attach` when another process brought it up."""

    cluster: Cluster
    world: World
    load_balancer: LoadBalancer
    registry: Registry

    @property
    def kubectl(self) -> Kubectl:
        return self.cluster.kubectl

    @property
    def url(self) -> str:
        return self.load_balancer.url

    def image(self, tag: str, *, extra: Mapping[str, str] | None = None) -> None:
        self.registry.push(tag, extra=extra)

    def lose_database(self) -> str:
        return backup_arn(self.world.lose(INSTANCE).id)

    def settle(self, patience: float = math.inf) -> None:
        settling.mend_machines(self.cluster, self.world)
        self.registry.push_missing()
        Deployed.settle(self, patience)  # `super()` is not for dataclasses with slots

    def wait_for_targets(self, patience: float = math.inf) -> None:
        settling.wait_for_targets(self.kubectl, self.load_balancer.targets, patience)

    def remains(self) -> list[str]:
        """Also in the cluster, which stays here; not the log group that EKS makes again."""
        kubectl, as_names = self.kubectl, "--output=name"
        everywhere = "--all-namespaces"
        in_cluster = (
            *(f"release {name}" for name in self.helm("list", everywhere, "--short").split()),
            *kubectl("get", "namespace", NAMESPACE, as_names, _IF_ANY).split(),
            *kubectl("get", "storageclass", STORAGE_CLASS, as_names, _IF_ANY).split(),
            *kubectl("get", _WEBHOOKS, as_names).split(),
            # Their definition, as all that a chart has in crds/, may stay, or not have been there.
            *kubectl("get", _BINDINGS, everywhere, as_names, check=False).split(),
        )
        in_cloud = [one for one in self.world.resources() if not made_by_eks(one)]
        return [*(f"{one.type} {one.name}" for one in in_cloud), *in_cluster]
