"""The fake eks component provider: `eks.Cluster` as resources of the fake AWS.

Of what the real component makes, the cluster, the CNI and kube-proxy are its children here too: the
program reads the cluster's name through the child. Its kubeconfig is the local cluster's.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws
import yaml
from pulumi.provider import ConstructResult, Provider, server

from e2e.deploy.cloud import environment, plugin, sdk_types

TYPE = "eks:index:Cluster"
# The add-ons of the component: the option that configures each, and where that has the version.
_ADDONS = {
    "vpc-cni": ("vpcCniOptions", "addonVersion"),
    "kube-proxy": ("kubeProxyAddonOptions", "version"),
    "coredns": ("corednsAddonOptions", "version"),
}

Inputs = Mapping[str, Any]


class Cluster(pulumi.ComponentResource):
    def __init__(self, name: str, inputs: Inputs, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.cluster = self._create_cluster(name, inputs)
        for addon, (option, version) in _ADDONS.items():
            options = inputs.get(option) or {}
            if options.get("enabled", True):
                aws.eks.Addon(
                    f"{name}-{addon}",
                    cluster_name=self.cluster.name,
                    addon_name=addon,
                    addon_version=options.get(version),
                    opts=self._child,
                )
        self.register_outputs({})

    def _create_cluster(self, name: str, inputs: Inputs) -> aws.eks.Cluster:
        key = inputs.get("encryptionConfigKeyArn")
        return aws.eks.Cluster(
            f"{name}-eksCluster",
            name=inputs.get("name"),
            role_arn=pulumi.Output.from_input(inputs["serviceRole"]).apply(lambda role: role.arn),
            version=inputs.get("version"),
            access_config={"authentication_mode": inputs.get("authenticationMode") or "CONFIG_MAP"},
            vpc_config={
                "subnet_ids": inputs["privateSubnetIds"],
                "endpoint_private_access": inputs.get("endpointPrivateAccess", False),
                "endpoint_public_access": inputs.get("endpointPublicAccess", True),
                "public_access_cidrs": inputs.get("publicAccessCidrs"),
            },
            encryption_config=key and {"provider": {"key_arn": key}, "resources": ["secrets"]},
            upgrade_policy={"support_type": (inputs.get("upgradePolicy") or {}).get("supportType")},
            enabled_cluster_log_types=inputs.get("enabledClusterLogTypes"),
            deletion_protection=inputs.get("deletionProtection"),
            tags=inputs.get("tags"),
            opts=self._child,
        )

    def outputs(self) -> dict[str, Any]:
        """Say what the real component says; like there, known only when the cluster exists."""
        administrator = environment.kubeconfig()
        config = self.cluster.arn.apply(
            lambda _: yaml.safe_load(administrator.read_text()) if administrator else {}
        )
        group = self.cluster.vpc_config.apply(lambda network: network.cluster_security_group_id)
        return {
            "kubeconfig": config,
            "kubeconfigJson": config.apply(json.dumps),
            "eksCluster": self.cluster,
            "clusterSecurityGroupId": group,
            "nodeSecurityGroupId": group,
        }


class Eks(Provider):
    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        if resource_type != TYPE:
            raise NotImplementedError(f"the fake eks does not know {resource_type}")
        cluster = Cluster(name, inputs, options)
        return ConstructResult(cluster.urn, cluster.outputs())


def serve() -> None:
    """Be the plugin. The SDK serves components: their children are made by calls to the engine."""
    plugin.end_with_engine()
    server.main(Eks(sdk_types.version("eks")), sys.argv[1:])
