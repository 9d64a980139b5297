"""Roles for service accounts that charts make."""

from collections.abc import Mapping

import pulumi
from pulumi import ResourceOptions

from infra.aws.cluster import Cluster
from infra.aws.workload_identity import WorkloadIdentity, WorkloadIdentityArgs
from infra.settings import Settings


def give_roles(
    settings: Settings,
    in_aws: ResourceOptions,
    cluster: Cluster,
    namespace: str,
    policies: Mapping[str, pulumi.Output[str]],
) -> list[pulumi.Resource]:
    """Give each service account a role with its policy.

    Return what must exist before their pods do.
    """
    ready: list[pulumi.Resource] = []
    for service_account, policy in policies.items():
        args = WorkloadIdentityArgs(
            names=settings.names,
            cluster_name=cluster.name,
            namespace=namespace,
            service_account=service_account,
            policy=policy,
        )
        ready += WorkloadIdentity(service_account, args, in_aws).ready
    return ready
