"""The answers of a cloud, as readable placeholders such as "<network-vpc.id>".

An output without an answer would be None in the program, and inputs made from it would silently be
missing. So every text output that the SDK declares gets a placeholder.
"""

import importlib
import keyword
from typing import NoReturn

from google.protobuf.struct_pb2 import Struct
from pulumi import _types
from pulumi.runtime import mocks

from infra.plan.model import Json

EKS_CLUSTER = "eks:index:Cluster"
CONTROL_PLANE = "aws:eks/cluster:Cluster"
# Numbers that AWS assigns.
COMPUTED_NUMBERS = {
    "aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": 1},
    "aws:rds/instance:Instance": {"port": 5432},
}
FUNCTIONS: dict[str, dict[str, Json]] = {
    # Nothing runs yet.
    "aws:eks/getClusters:getClusters": {"names": []},
    "aws:rds/getInstances:getInstances": {"instanceIdentifiers": []},
    # AWS is not asked, so only the calendar of infra/versions.yaml counts.
    "aws:eks/getClusterVersions:getClusterVersions": {
        "clusterVersions": [{"versionStatus": "STANDARD_SUPPORT"}]
    },
    "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": [], "zoneIds": []},
    "aws:ec2/getVpcs:getVpcs": {"ids": []},
    "aws:cloudwatch/getLogGroups:getLogGroups": {"logGroupNames": []},
    "aws:cloudwatch/getLogGroup:getLogGroup": {"logGroupClass": "STANDARD"},
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": "<account>"},
    # The network of others (network.existing): its ranges are not known, so these stand for them.
    "aws:ec2/getVpc:getVpc": {},
    "aws:ec2/getSubnet:getSubnet": {"cidrBlock": "192.0.2.0/24"},
    "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": {},
    # No node group runs yet.
    "aws:autoscaling/getAmiIds:getAmiIds": {"names": []},
    "aws:ssm/getParameter:getParameter": {"insecureValue": "<newest release>"},
    "aws:ebs/getDefaultKmsKey:getDefaultKmsKey": {"keyArn": "alias/aws/ebs"},
    "aws:rds/getEngineVersion:getEngineVersion": {"versionActual": "<newest minor>"},
    "aws:rds/getOrderableDbInstance:getOrderableDbInstance": {},
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": {
        "userName": "AWS",
        "password": "<registry password>",
        "proxyEndpoint": "<registry endpoint>",
    },
}


class NoMocks(mocks.Mocks):
    """Required by the SDK's mock monitor; our monitor answers itself."""

    def call(self, args: mocks.MockCallArgs) -> NoReturn:
        raise NotImplementedError(args.token)

    def new_resource(self, args: mocks.MockResourceArgs) -> NoReturn:
        raise NotImplementedError(f"the recorder cannot read {args.typ} '{args.name}'")


def answer(function: str) -> Struct:
    """Answer a function that the program calls; an unlisted one is an error."""
    if function not in FUNCTIONS:
        raise NotImplementedError(f"infra/plan/cloud.py has no answer for {function}")
    result = Struct()
    result.update(FUNCTIONS[function])
    return result


def outputs_of(type_token: str, name: str, inputs: Struct) -> Struct:
    """Return the inputs and a placeholder for every output that only the cloud would know."""
    outputs = Struct()
    outputs.CopyFrom(inputs)
    outputs.update(COMPUTED_NUMBERS.get(type_token, {}))
    for output, declared in _declared_outputs(type_token).items():
        if declared is str and output not in inputs and output not in {"id", "urn"}:
            outputs[output] = f"<{name}.{output}>"
    return outputs


def control_plane_of(eks_name: str, eks_inputs: Struct) -> tuple[str, Struct]:
    """Return id and state of the child that eks.Cluster hands out."""
    state = outputs_of(CONTROL_PLANE, eks_name, Struct())
    state["name"] = eks_inputs["name"]
    return f"<{eks_name}.id>", state


def _declared_outputs(type_token: str) -> dict[str, type]:
    package, module, class_name = type_token.split(":")
    group, _, version = module.partition("/")
    parts = [f"pulumi_{package.replace('-', '_')}"]
    if group != "index":
        parts.append(group.split(".")[0] + "_" * keyword.iskeyword(group))
    if package == "kubernetes":
        parts.append(version)
    try:
        resource = getattr(importlib.import_module(".".join(parts)), class_name)
    except (ImportError, AttributeError):
        return {}  # a custom resource of Kubernetes: no class, no declared outputs
    declared: dict[str, type] = _types.resource_types(resource)
    return declared
