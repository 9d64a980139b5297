"""Stacks that people run besides `dev` and `prod`: each is a change of `dev`'s settings."""

from collections.abc import Callable, Mapping

from tests.support.plan import Tree


def _in(region: str) -> Callable[[Tree], None]:
    def change(values: Tree) -> None:
        values["region"] = region
        values["network"]["zones"] = [f"{region}a", f"{region}b"]

    return change


def existing_network(values: Tree) -> None:
    values["network"] = {
        "zones": ["us-east-1a", "us-east-1b"],
        "existing": {
            "vpcId": "vpc-0a",
            "publicSubnetIds": ["subnet-0a1", "subnet-0a2"],
            "privateSubnetIds": ["subnet-0b1", "subnet-0b2"],
            "databaseSubnetIds": ["subnet-0c1", "subnet-0c2"],
        },
    }


def private(values: Tree) -> None:
    values["network"] |= {"nat": "none", "publicCidrs": [], "endpoints": True}
    values["cluster"] |= {"publicEndpoint": False, "publicEndpointCidrs": []}
    values["loadBalancer"] = {"internal": True}


def three_zones(values: Tree) -> None:
    values["network"] |= {
        "zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
        "publicCidrs": ["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"],
        "privateCidrs": ["10.0.11.0/24", "10.0.12.0/24", "10.0.13.0/24"],
        "databaseCidrs": ["10.0.21.0/24", "10.0.22.0/24", "10.0.23.0/24"],
        "nat": "per-az",
    }


def _graviton(values: Tree) -> None:
    values["nodes"]["groups"] = {
        "general": {"instanceTypes": ["t4g.medium"], "min": 2, "max": 3},
        "spot": {
            "instanceTypes": ["m6g.large", "m7g.large"],
            "capacity": "spot",
            "min": 0,
            "max": 2,
        },
    }


VARIANTS: Mapping[str, Callable[[Tree], None]] = {
    "china": _in("cn-north-1"),
    "existing-network": existing_network,
    "govcloud": _in("us-gov-west-1"),
    "graviton": _graviton,
    "private": private,
    "three-zones": three_zones,
}
