"""Mistakes in the settings of network, endpoint and tags, as test_settings.py tests all others."""

from tests.infra.test_settings import refused_each, removed, setting

MISTAKES = {
    "overlapping subnets": (
        setting("network.databaseCidrs", ["10.0.11.0/25", "10.0.22.0/24"]),
        "network.databaseCidrs: 10.0.11.0/25 overlaps 10.0.11.0/24 of network.privateCidrs",
        "Choose ranges that share no address",
    ),
    "a subnet outside the VPC": (
        setting("network.publicCidrs", ["10.0.1.0/24", "10.1.2.0/24"]),
        "network.publicCidrs: 10.1.2.0/24 is outside the VPC's 10.0.0.0/16",
        "Choose a range inside network.cidr",
    ),
    "a VPC that AWS does not make": (
        setting("network.cidr", "10.0.0.0/8"),
        "network.cidr: 10.0.0.0/8 is a /8",
        "Choose a range from /16 to /28",
    ),
    "a public subnet without room for a load balancer": (
        setting("network.publicCidrs", ["10.0.1.0/28", "10.0.2.0/24"]),
        "network.publicCidrs: 10.0.1.0/28 is too small for a load balancer",
        "Use a /27 or larger",
    ),
    "a private subnet without room for an internal load balancer": (
        lambda values: (
            values.update(loadBalancer={"internal": True}),
            values["network"].update(
                publicCidrs=["10.0.1.0/28", "10.0.2.0/28"],
                privateCidrs=["10.0.11.0/24", "10.0.12.0/28"],
            ),
            values["nodes"]["groups"]["general"].update(zones=["us-east-1a"]),
        ),
        "network.privateCidrs: 10.0.12.0/28 is too small for a load balancer",
        "Use a /27 or larger",
    ),
    "a private subnet without room for the pods": (
        setting("network.privateCidrs", ["10.0.11.0/26", "10.0.12.0/24"]),
        "network.privateCidrs: 10.0.11.0/26 has room for 0 nodes with 35 pods",
        "Use a larger range, fewer nodes or fewer pods per node",
    ),
    "a host instead of a range": (
        setting("network.cidr", "10.0.0.5/16"),
        "network.cidr: '10.0.0.5/16' is invalid: is an address inside a range",
        "write 10.0.0.0/16",
    ),
    "no range at all": (
        setting("network.cidr", "ten"),
        "network.cidr: 'ten' is invalid: is not an IPv4 range",
        "Expected the VPC's range, /16 to /28",
    ),
    "one zone": (
        setting(
            "network",
            {
                "cidr": "10.0.0.0/16",
                "zones": ["us-east-1a"],
                "publicCidrs": ["10.0.1.0/24"],
                "privateCidrs": ["10.0.11.0/24"],
                "databaseCidrs": ["10.0.21.0/24"],
            },
        ),
        "network.zones: ['us-east-1a'] is fewer than two availability zones",
        "Name at least two",
    ),
    "a zone twice": (
        setting("network.zones", ["us-east-1a", "us-east-1a"]),
        "network.zones: ['us-east-1a', 'us-east-1a'] names a zone twice",
        "Name each zone once",
    ),
    "a zone of another region": (
        setting("network.zones", ["us-east-1a", "us-west-2b"]),
        "network.zones: 'us-west-2b' is not a zone of us-east-1",
        "such as us-east-1a",
    ),
    "a local zone": (
        setting("network.zones", ["us-east-1a", "us-east-1-bos-1a"]),
        "network.zones: 'us-east-1-bos-1a' is not a zone of us-east-1",
        "such as us-east-1a",
    ),
    "fewer ranges than zones": (
        setting("network.privateCidrs", ["10.0.11.0/24"]),
        "network.privateCidrs: 1 ranges for 2 zones",
        "Give one range for each zone",
    ),
    "no range of the VPC": (
        removed("network.cidr"),
        "network.cidr: is missing",
        "name the VPC of others in network.existing",
    ),
    "a public load balancer without public subnets": (
        setting("network.publicCidrs", []),
        "network.publicCidrs: 0 ranges for 2 zones",
        "Give one range for each zone",
    ),
    "no NAT and too few endpoints": (
        lambda values: values["network"].update(nat="none", endpoints=["ec2", "sts", "sns"]),
        "there is no endpoint for autoscaling, ecr.api, ecr.dkr, eks, eks-auth, elasticload",
        "set network.endpoints to true",
    ),
    "an endpoint that is none": (
        setting("network.endpoints", ["ECR"]),
        "network.endpoints",
        "Expected interface endpoints by service",
    ),
    "a retention of flow logs that CloudWatch does not know": (
        setting("network.flowLogs", {"destination": "cloudwatch", "retentionDays": 31}),
        "network.flowLogs.retentionDays: 31 is not a retention that CloudWatch Logs supports",
        "Use one of 1, 3, 5, 7, 14, 30",
    ),
    "flow logs that are kept for no day": (
        setting("network.flowLogs", {"destination": "s3", "retentionDays": 0}),
        "network.flowLogs.retentionDays: 0 is invalid",
        "Expected days that flow logs are kept, 1 to 3653",
    ),
    "no range for the public endpoint": (
        setting("cluster.publicEndpointCidrs", []),
        "cluster.publicEndpointCidrs: is empty while cluster.publicEndpoint is true",
        "Name the ranges of those who deploy",
    ),
    "the public endpoint open to everyone": (
        setting("cluster.publicEndpointCidrs", ["0.0.0.0/0"]),
        "cluster.publicEndpointCidrs: 0.0.0.0/0 opens the Kubernetes API to the internet",
        "Name the ranges of those who deploy",
    ),
    "the public endpoint open to both halves of the internet": (
        setting("cluster.publicEndpointCidrs", ["128.0.0.0/1", "0.0.0.0/1"]),
        "cluster.publicEndpointCidrs: 128.0.0.0/1, 0.0.0.0/1 opens the Kubernetes API",
        "Name the ranges of those who deploy",
    ),
    "private ranges for the public endpoint": (
        setting("cluster.publicEndpointCidrs", ["10.1.0.0/16"]),
        "cluster.publicEndpointCidrs: 10.1.0.0/16 has private addresses, which EKS refuses",
        "Name public addresses",
    ),
    "more ranges than EKS takes": (
        setting("cluster.publicEndpointCidrs", [f"198.18.{n}.0/24" for n in range(41)]),
        "cluster.publicEndpointCidrs",
        "Expected who may reach the API from the internet, 40 ranges at most",
    ),
    "ranges for an endpoint that is off": (
        setting("cluster.publicEndpoint", False),
        "cluster.publicEndpointCidrs: names 1 ranges while cluster.publicEndpoint is false",
        "Remove them",
    ),
    "the required ranges missing": (
        removed("cluster.publicEndpointCidrs"),
        "cluster.publicEndpointCidrs: is missing",
        "Set who may reach the API from the internet",
    ),
    "an endpoint twice": (
        setting("network.endpoints", ["ssm", "logs", "ssm"]),
        "is invalid: names ssm twice",
        "Expected interface endpoints by service",
    ),
    "a tag of the EBS CSI driver": (
        setting("tags", {"kubernetes.io/role": "node"}),
        "tags.kubernetes.io/role: is a tag that AWS or the EBS CSI driver sets itself",
        "Use another key",
    ),
    "a tag that the EBS CSI driver would split": (
        setting("tags", {"Owners": "a,b"}),
        "tags.Owners: 'a,b' or its key cannot be a tag of every resource",
        "Use letters, digits, spaces and",
    ),
    "a tag that RDS refuses": (
        setting("tags", {"Größe (GB)": "1"}),
        "tags.Größe (GB): '1' or its key cannot be a tag of every resource",
        "Use letters, digits, spaces and",
    ),
    "a tag of AWS": (
        setting("tags", {"AWS:x": "1"}),
        "tags.AWS:x: is a tag that AWS or the EBS CSI driver sets itself",
        "Use another key",
    ),
    "a tag without a key": (
        setting("tags", {"": "1"}),
        "the key has 0 characters and the value 1",
        "Use 1 to 128 for the key, and up to 256 for the value",
    ),
    "a long tag": (
        setting("tags", {"Text": "x" * 257}),
        "tags.Text: the key has 4 characters and the value 257",
        "up to 256 for the value",
    ),
    "more tags than AWS takes": (
        setting("tags", {f"t{n}": "" for n in range(39)}),
        "tags: there are 39",
        "Use 38 at most",
    ),
}


test_a_mistake_is_refused_with_its_name_its_value_and_what_to_do = refused_each(MISTAKES)
