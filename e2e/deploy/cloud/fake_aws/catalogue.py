"""Every type that the stand-in knows."""

from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.fake_aws import balancer, cluster, database, identity, network, watching
from e2e.deploy.cloud.fake_aws.kind import Kind

KINDS: dict[str, Kind] = {
    **network.KINDS,
    **identity.KINDS,
    **cluster.KINDS,
    **balancer.KINDS,
    **database.KINDS,
    **watching.KINDS,
}


def kind_of(type_: str) -> Kind:
    if type_ not in KINDS:
        raise Rejected(f"the stand-in for AWS does not know {type_}: add it to {__name__}")
    return KINDS[type_]
