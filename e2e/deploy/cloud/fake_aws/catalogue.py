"""Every type and function that the fake AWS knows."""

from functools import partial

from e2e.deploy.cloud import environment, protocol
from e2e.deploy.cloud.fake_aws import eks, network, rds, services
from e2e.deploy.cloud.kinds import ACCOUNT, Kind
from e2e.deploy.cloud.provider import REGION, Function, Provider
from e2e.deploy.cloud.records import Records

KINDS: dict[str, Kind] = {**network.KINDS, **services.KINDS, **eks.KINDS, **rds.KINDS}


def provider(records: Records) -> Provider:
    functions: dict[str, Function] = {
        "aws:autoscaling/getAmiIds:getAmiIds": partial(eks.scaling_groups, records),
        "aws:cloudwatch/getLogGroups:getLogGroups": partial(services.log_groups, records),
        "aws:cloudwatch/getLogGroup:getLogGroup": partial(services.log_group, records),
        "aws:ec2/getVpcs:getVpcs": partial(network.vpcs, records),
        "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": partial(
            network.offers, REGION
        ),
        "aws:index/getAvailabilityZones:getAvailabilityZones": partial(network.zones, REGION),
        "aws:eks/getClusterVersions:getClusterVersions": eks.cluster_versions,
        "aws:index/getCallerIdentity:getCallerIdentity": lambda _: {"accountId": ACCOUNT},
        "aws:eks/getClusters:getClusters": partial(eks.clusters, records),
        "aws:eks/getCluster:getCluster": partial(eks.cluster, records),
        "aws:rds/getInstance:getInstance": partial(rds.instance, records),
        "aws:rds/getInstances:getInstances": partial(rds.instances, records),
        "aws:ebs/getDefaultKmsKey:getDefaultKmsKey": lambda _: {"keyArn": "alias/aws/ebs"},
        "aws:eks/getNodeGroup:getNodeGroup": partial(eks.node_group, records),
        "aws:ssm/getParameter:getParameter": eks.newest_image,
        "aws:rds/getOrderableDbInstance:getOrderableDbInstance": lambda _: {},
        "aws:rds/getEngineVersion:getEngineVersion": rds.engine_version,
    }
    return Provider("aws", records, KINDS, functions)


def serve() -> None:
    """Be the plugin."""
    protocol.serve(provider(Records(environment.world())))
