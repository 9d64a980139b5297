"""A database in a network, and mistakes on demand."""

# ruff: noqa: INP001  - the engine runs it by its path
import pulumi
import pulumi_aws as aws
import pulumi_random as random

config = pulumi.Config()  # noqa: TID251  another program than the platform's
mistake = config.get("mistake")

inside = pulumi.ResourceOptions(
    provider=aws.Provider("aws", region="us-east-1", default_tags={"tags": {"Project": "facts"}})
)
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=inside)
subnets = [
    aws.ec2.Subnet(
        f"subnet-{zone}",
        vpc_id=vpc.id,
        cidr_block=f"10.0.{number}.0/24",
        availability_zone=f"us-east-1{zone}",
        opts=inside,
    )
    for number, zone in enumerate("ab")
]
rule: aws.ec2.SecurityGroupIngressArgsDict = {
    "protocol": "tcp",
    "from_port": 5432,
    "to_port": 5432,
    "cidr_blocks": ["10.0.0.0/16"],
}
if mistake == "property":
    rule["descripton"] = "misspelt"  # type: ignore[typeddict-unknown-key]  # the mistake
group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id, ingress=[rule], opts=inside)
missing = ["subnet-00000000000000000"] if mistake == "reference" else []
places = aws.rds.SubnetGroup(
    "places", subnet_ids=[*(subnet.id for subnet in subnets), *missing], opts=inside
)
parameters = aws.rds.ParameterGroup("parameters", family="postgres15", opts=inside)
password = random.RandomPassword(
    "password",
    length=32,
    special=False,
    keepers={"version": config.get("passwordVersion") or "1"},
)
database = aws.rds.Instance(
    "database",
    instance_class="db.t3.micro",
    engine="postgres",
    engine_version="15",
    allocated_storage=20,
    backup_retention_period=config.get_int("backupDays") or 7,
    db_name=config.get("databaseName") or "facts",
    username="facts",
    password=password.result,
    db_subnet_group_name=places.name,
    parameter_group_name=parameters.name,
    vpc_security_group_ids=[group.id],
    skip_final_snapshot=True,
    opts=inside,
)
pulumi.export("endpoint", database.endpoint)
pulumi.export("password", password.result)
