"""Every type and function that the fake AWS knows."""

from e2e.deploy.cloud import environment, protocol
from e2e.deploy.cloud.fake_aws import eks, network, rds, services
from e2e.deploy.cloud.kinds import Kind
from e2e.deploy.cloud.provider import Provider
from e2e.deploy.cloud.records import Records

KINDS: dict[str, Kind] = {**network.KINDS, **services.KINDS, **eks.KINDS, **rds.KINDS}
_FUNCTIONS = {
    "aws:eks/getClusterVersions:getClusterVersions": eks.cluster_versions,
    "aws:rds/getEngineVersion:getEngineVersion": rds.engine_version,
}


def provider(records: Records) -> Provider:
    return Provider("aws", records, KINDS, _FUNCTIONS)


def serve() -> None:
    """Be the plugin."""
    protocol.serve(provider(Records(environment.world())))
