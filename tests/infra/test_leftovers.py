"""`make leftovers` finds each kind of leftover of one stack, and nothing of another."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.plan import leftovers
from infra.plan.leftovers import AskError, search
from tests.support.plan import ROOT

VALUES = {
    "project": "p",
    "environment": "dev",
    "cluster": "p-dev",
    "role_path": "/",
    "region": "us-east-1",
}
OURS = [{"Key": "Project", "Value": "p"}, {"Key": "Environment", "Value": "dev"}]
OTHERS = [{"Key": "Project", "Value": "p"}, {"Key": "Environment", "Value": "prod"}]
ARN = "arn:aws:{}:us-east-1:123456789012:{}"
LB = ARN.format("elasticloadbalancing", "{}")

# Part of the question -> answer, in the form of AWS's; the first that fits.
ANSWERS: dict[str, Mapping[str, Any]] = {
    "--query {Instances:Reservations[].Instances[]}": {
        "Instances": [{"InstanceId": "i-1", "InstanceType": "t3.medium", "LaunchTime": "2026-11"}]
    },
    "describe-vpc-endpoints": {
        "VpcEndpoints": [
            {"VpcEndpointId": "vpce-1", "SubnetIds": ["subnet-1", "subnet-2"]},
            {"VpcEndpointId": "vpce-2", "SubnetIds": []},
        ]
    },
    "describe-log-groups --log-group-name-prefix /aws/rds/instance/database-instance-9/": {
        "logGroups": [{"logGroupName": "/aws/rds/instance/database-instance-9/postgresql"}]
    },
    "describe-volumes --filters Name=tag:kubernetes.io/cluster/p-dev,Values=owned": {
        "Volumes": [{"VolumeId": "vol-1", "Size": 20, "CreateTime": "2026-11-02T10:00:00+00:00"}]
    },
    "describe-snapshots --owner-ids self --filters Name=tag:kubernetes.io": {
        "Snapshots": [{"SnapshotId": "snap-1", "VolumeSize": 10, "StartTime": "2026-11-03T1"}]
    },
    "describe-network-interfaces --filters Name=tag:cluster.k8s.amazonaws.com/name,Values=p-dev": {
        "NetworkInterfaces": [{"NetworkInterfaceId": "eni-1"}]
    },
    "describe-security-groups --filters Name=tag:aws:eks:cluster-name,Values=p-dev": {
        "SecurityGroups": [{"GroupId": "sg-1"}]
    },
    "describe-addresses": {"Addresses": [{"AllocationId": "eipalloc-1"}]},
    "describe-nat-gateways": {
        "NatGateways": [{"NatGatewayId": "nat-1", "CreateTime": "2026-11-04"}]
    },
    "describe-launch-templates": {"LaunchTemplates": [{"LaunchTemplateId": "lt-1"}]},
    "describe-log-groups --log-group-name-prefix /aws/eks/p-dev/": {
        "logGroups": [
            {
                "logGroupName": "/aws/eks/p-dev/cluster",
                "creationTime": 1764547200000,
                "storedBytes": 2 * 1024**3,
            }
        ]
    },
    "describe-db-snapshots": {
        "DBSnapshots": [
            {
                "DBSnapshotIdentifier": "p-dev-final-1",
                "AllocatedStorage": 20,
                "DBInstanceIdentifier": "database-instance-9",
            },
            {"DBSnapshotIdentifier": "by-hand", "AllocatedStorage": 20, "TagList": OURS},
            {"DBSnapshotIdentifier": "p-dev-final-2", "TagList": OTHERS},
            {"DBSnapshotIdentifier": "p-prod-final-1"},
        ]
    },
    "describe-db-instance-automated-backups": {
        "DBInstanceAutomatedBackups": [
            {"DbiResourceId": "db-1", "DBInstanceIdentifier": "x", "TagList": OURS},
            {"DbiResourceId": "db-2", "DBInstanceIdentifier": "database-instance-1"},
            {
                "DbiResourceId": "db-3",
                "DBInstanceIdentifier": "database-instance",
                "TagList": OTHERS,
            },
        ]
    },
    "list-roles --path-prefix /": {
        "Roles": [
            {"RoleName": name}
            for name in ("nodes-role-0a1b2c3", "cluster-role-0a1b2c3", "admin", "nodes-role-mine")
        ]
    },
    "list-role-tags --role-name nodes-role-0a1b2c3": {"Tags": OURS},
    "list-role-tags --role-name cluster-role-0a1b2c3": {"Tags": OTHERS},
    "get-resources --tag-filters Key=kubernetes.io/cluster/p-dev,Values=owned": {
        "ResourceTagMappingList": [{"ResourceARN": LB.format("loadbalancer/a1b2")}]
    },
    "get-resources --tag-filters Key=elbv2.k8s.aws/cluster,Values=p-dev": {
        "ResourceTagMappingList": [{"ResourceARN": LB.format("loadbalancer/net/k8s/0123")}]
    },
    "get-resources": {
        "ResourceTagMappingList": [
            {"ResourceARN": ARN.format(*one)}
            for one in (
                ("ec2", "volume/vol-1"),
                ("logs", "log-group:/aws/eks/p-dev/cluster"),
                ("elasticloadbalancing", "loadbalancer/app/alb/0123"),
                ("elasticloadbalancing", "targetgroup/backend/0123"),
                ("ecr", "repository/backend"),
                ("kms", "key/gone"),
                ("kms", "key/alive"),
                ("sqs", "queue"),
                ("ec2", "instance/i-1"),
                ("ec2", "instance/i-0"),
                ("ec2", "vpc-endpoint/vpce-1"),
                ("ec2", "vpc-flow-log/fl-1"),
                ("logs", "log-group:/aws/vpc/p-dev/flow-logs"),
                ("cloudwatch", "alarm:alarm-1"),
                ("rds", "subgrp:subnets-1"),
                ("rds", "pg:parameters-1"),
            )
        ]
        + [{"ResourceARN": "arn:aws:s3:::logs"}]
    },
    "describe-key --key-id gone": {
        "KeyMetadata": {
            "CreationDate": "2026-01-02",
            "KeyState": "PendingDeletion",
            "DeletionDate": "2026-12-24T00:00:00+00:00",
        }
    },
    "describe-key --key-id alive": {
        "KeyMetadata": {"CreationDate": "2026-01-02", "KeyState": "Enabled"}
    },
}
# Id -> kind, dollars a month, and a part of the command.
FOUND = {
    "i-1": ("instance", 30.37, "ec2 terminate-instances --instance-ids i-1"),
    ARN.format("ec2", "instance/i-0"): ("instance that has ended", 0, ""),
    "vpce-1": ("VPC endpoint", 14.6, "ec2 delete-vpc-endpoints --vpc-endpoint-ids vpce-1"),
    "vpce-2": ("VPC endpoint", 0, "ec2 delete-vpc-endpoints --vpc-endpoint-ids vpce-2"),
    "fl-1": ("flow log", 0, "ec2 delete-flow-logs --flow-log-ids fl-1"),
    "/aws/vpc/p-dev/flow-logs": ("log group", 0, "logs delete-log-group --log-group-name /aws/vpc"),
    "/aws/rds/instance/database-instance-9/postgresql": (
        "log group",
        0,
        "delete-log-group --log-group-name /aws/rds/instance/database-instance-9/postgresql",
    ),
    "alarm-1": ("alarm", 0.1, "cloudwatch delete-alarms --alarm-names alarm-1"),
    "subnets-1": ("database subnet group", 0, "rds delete-db-subnet-group"),
    "parameters-1": ("parameter group", 0, "rds delete-db-parameter-group"),
    "vol-1": ("EBS volume", 1.6, "ec2 delete-volume --volume-id vol-1"),
    "snap-1": ("EBS snapshot", 0.5, "ec2 delete-snapshot --snapshot-id snap-1"),
    "eni-1": ("network interface", 0, "delete-network-interface --network-interface-id eni-1"),
    "sg-1": ("security group", 0, "delete-security-group --group-id sg-1"),
    "eipalloc-1": ("Elastic IP address", 3.65, "release-address --allocation-id eipalloc-1"),
    "nat-1": ("NAT gateway", 32.85, "delete-nat-gateway --nat-gateway-id nat-1"),
    "lt-1": ("launch template", 0, "delete-launch-template --launch-template-id lt-1"),
    "/aws/eks/p-dev/cluster": (
        "log group",
        0.06,
        "delete-log-group --log-group-name /aws/eks/p-dev",
    ),
    "p-dev-final-1": ("database snapshot", 1.9, "--db-snapshot-identifier p-dev-final-1"),
    "by-hand": ("database snapshot", 1.9, "--db-snapshot-identifier by-hand"),
    "db-1": ("automated backups", 0, "--dbi-resource-id db-1"),
    "db-2": ("automated backups", 0, "--dbi-resource-id db-2"),
    "nodes-role-0a1b2c3": ("IAM role", 0, "iam delete-role --role-name nodes-role-0a1b2c3"),
    LB.format("loadbalancer/app/alb/0123"): ("load balancer", 16.43, "elbv2 delete-load-balancer"),
    LB.format("loadbalancer/net/k8s/0123"): ("load balancer", 16.43, "elbv2 delete-load-balancer"),
    "a1b2": ("load balancer", 18.25, "elb delete-load-balancer --load-balancer-name a1b2"),
    LB.format("targetgroup/backend/0123"): ("target group", 0, "elbv2 delete-target-group"),
    "backend": ("image registry", 0, "ecr delete-repository --force --repository-name backend"),
    "logs": ("bucket", 0, "s3 rb --force s3://logs"),
    "alive": ("KMS key", 1, "kms schedule-key-deletion --pending-window-in-days 7 --key-id alive"),
    "arn:aws:kms:us-east-1:123456789012:key/gone": ("KMS key, gone on 2026-12-24", 0, ""),
    "arn:aws:sqs:us-east-1:123456789012:queue": ("sqs:", 0, ""),
}


def ask(arguments: Sequence[str]) -> Mapping[str, Any]:
    question = " ".join(arguments)
    return next((answer for part, answer in ANSWERS.items() if part in question), {})


def test_every_kind_of_one_stack_is_found_with_price_and_command() -> None:
    found = search(VALUES, ask)
    assert found.unknown == ()
    by_id = {one.id: one for one in found.leftovers}
    assert {id_: (one.kind, one.usd_a_month) for id_, one in by_id.items()} == {
        id_: (kind, usd) for id_, (kind, usd, _) in FOUND.items()
    }
    for id_, (_, _, command) in FOUND.items():
        assert command in by_id[id_].delete
    assert by_id["vol-1"].since == "2026-11-02"
    assert by_id["/aws/eks/p-dev/cluster"].since == "2025-12-01"


def test_what_aws_does_not_tell_is_said_and_the_rest_is_found() -> None:
    def deny(arguments: Sequence[str]) -> Mapping[str, Any]:
        if "describe-volumes" in arguments:
            raise AskError("AccessDenied")
        return ask(arguments)

    found = search(VALUES, deny)
    assert found.unknown == ("EBS volume: AccessDenied",)
    assert len(found.leftovers) > 10
    text = leftovers.render(found, "us-east-1")
    assert "aws --region us-east-1 ec2 delete-nat-gateway --nat-gateway-id nat-1" in text
    assert "Not known: EBS volume: AccessDenied" in text
    assert "NAT gateway" in text.splitlines()[0], "the dearest first"


@pytest.mark.parametrize(
    ("script", "status", "text"),
    [
        ("echo '{}'", 0, "0 left, about $0.00 a month"),
        ("echo 'no credentials' >&2; exit 255", 1, "Not known: EBS volume: no credentials"),
        ('echo \'{"NextToken": "x"}\'', 1, "more than 1000 entries"),
        ("", 1, "the AWS CLI is not on PATH"),
    ],
)
def test_it_asks_the_aws_cli_of_the_path(
    script: str,
    status: int,
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    program, log = tmp_path / "aws", tmp_path / "log"
    if script:
        program.write_text(f'#!/bin/sh\necho "$*" >> {log}\n{script}\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin" if script else str(tmp_path))
    assert leftovers.main(["--root", str(ROOT), "--stack", "dev"]) == status
    assert text in capsys.readouterr().out
    if script:
        asked = log.read_text()
        assert "Name=tag:Environment,Values=dev" in asked
        assert all("--region us-east-1 --output json" in line for line in asked.splitlines())
        assert not [line for line in asked.splitlines() if "delete" in line]


def test_copies_of_backups_are_looked_for_in_their_region(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        text = (ROOT / name).read_text()
        (tmp_path / name).write_text(
            text.replace("multiAz: false", "backupCopyRegion: us-west-2\n    multiAz: false")
        )
    asked: list[tuple[str, str]] = []

    def answer(arguments: Sequence[str], region: str) -> Mapping[str, Any]:
        asked.append((region, arguments[1]))
        return (
            {
                "DBSnapshots": [
                    {
                        "DBSnapshotIdentifier": "copy",
                        "TagList": [
                            {"Key": "Project", "Value": "observability-platform"},
                            {"Key": "Environment", "Value": "dev"},
                        ],
                    }
                ]
            }
            if region == "us-west-2"
            else {}
        )

    monkeypatch.setattr(leftovers, "ask_aws", answer)
    assert leftovers.main(["--root", str(tmp_path), "--stack", "dev"]) == 0
    assert "aws --region us-west-2 rds delete-db-snapshot" in capsys.readouterr().out
    there = {question for region, question in asked if region == "us-west-2"}
    assert there == {
        "describe-db-snapshots",
        "describe-db-instance-automated-backups",
        "get-resources",
    }


def test_an_unknown_stack_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert leftovers.main(["--root", str(ROOT), "--stack", "none"]) == 1
    assert "Pulumi.none.yaml does not exist" in capsys.readouterr().err
