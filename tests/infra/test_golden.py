"""The complete list of what is deployed: whoever adds, renames or drops a resource shows it here.

A rename is a replacement on AWS. After a change that is meant, put the new lines into golden.txt,
which is the stack dev; the failure prints them.
"""

import difflib
from pathlib import Path

from tests.support.plan import plan_of

GOLDEN = Path(__file__).parent / "golden.txt"
ENCRYPTION = "BucketServerSideEncryptionConfiguration"
LOG_STORE = {
    ("platform:log_store:LogStore", "log-store"),
    ("aws:s3/bucket:Bucket", "log-store-bucket"),
    (f"aws:s3/b{ENCRYPTION[1:]}:{ENCRYPTION}", "log-store-encryption"),
    ("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "log-store-lifecycle"),
    ("aws:s3/bucketPolicy:BucketPolicy", "log-store-policy"),
    ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "log-store-private"),
    ("platform:identity:WorkloadIdentity", "loki"),
    ("aws:iam/role:Role", "loki-role"),
    ("aws:iam/rolePolicy:RolePolicy", "loki-policy"),
    ("aws:eks/podIdentityAssociation:PodIdentityAssociation", "loki-association"),
}


def test_the_stack_is_exactly_these_resources() -> None:
    expected = GOLDEN.read_text().splitlines()
    found = sorted(f"{r.type} {r.name}" for r in plan_of("dev").resources)
    difference = difflib.unified_diff(expected, found, "golden.txt", "program", lineterm="")
    assert found == expected, "\n".join(difference)


def test_prod_differs_from_dev_by_a_second_nat_and_a_bucket_for_logs() -> None:
    dev, prod = ({(r.type, r.name) for r in plan_of(stack).resources} for stack in ("dev", "prod"))
    assert dev - prod == set()
    assert prod - dev == {
        ("aws:ec2/eip:Eip", "network-nat-address-us-east-1b"),
        ("aws:ec2/natGateway:NatGateway", "network-nat-us-east-1b"),
        *LOG_STORE,
    }
