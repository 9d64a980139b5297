"""What many tests of the stand-in for AWS make first."""

import json

from e2e.deploy.cloud.fake_aws import identity, network
from e2e.tests.unit.standin_plugin import Created, Plugin

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]})


def subnet(aws: Plugin, vpc: Created, block: str, zone: str = "us-east-1a") -> Created:
    return aws.create(
        network.SUBNET, "subnet", vpcId=vpc.id, cidrBlock=block, availabilityZone=zone
    )


def role(aws: Plugin, name: str = "role") -> Created:
    return aws.create(identity.ROLE, name, assumeRolePolicy=TRUST)
