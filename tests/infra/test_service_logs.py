"""What AWS's services write down: off by default, and each with a place that it may write to."""

import json

import pytest

from infra.aws import iam
from infra.plan.model import Plan
from tests.infra.test_settings import Change, setting
from tests.support.plan import Tree, inputs_of, plan_of, plan_with

FLOW_LOG = "aws:ec2/flowLog:FlowLog"
ACCESS_LOGS = setting("loadBalancer", {"accessLogs": True, "accessLogDays": 7})
TO_CLOUDWATCH = setting(
    "network.flowLogs", {"destination": "cloudwatch", "traffic": "rejected", "retentionDays": 14}
)
TO_S3 = setting("network.flowLogs", {"destination": "s3"})


def policy(plan: Plan, name: str) -> list[Tree]:
    statements: list[Tree] = json.loads(inputs_of(plan, name)["policy"])["Statement"]
    return statements


def test_by_default_only_the_control_plane_logs() -> None:
    plan = plan_of("dev")
    assert plan.of_type(FLOW_LOG) == []
    assert inputs_of(plan, "load-balancer-alb")["accessLogs"] == {"bucket": "", "enabled": False}
    assert "logGroupClass" not in inputs_of(plan, "cluster-logs")


def test_access_logs_go_to_a_bucket_that_admits_the_load_balancer_first() -> None:
    plan = plan_with(ACCESS_LOGS)
    logs = inputs_of(plan, "load-balancer-alb")["accessLogs"]
    assert logs == {"bucket": "<access-logs-bucket.bucket>", "enabled": True}
    assert "access-logs-policy" in plan.waits_for("load-balancer-alb")
    deny, allow = policy(plan, "access-logs-policy")
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert allow["Resource"] == "<access-logs-bucket.arn>/AWSLogs/<account>/*"
    assert allow["Principal"] == {
        "AWS": "127311923021",
        "Service": "logdelivery.elasticloadbalancing.amazonaws.com",
    }
    [rule] = inputs_of(plan, "access-logs-lifecycle")["rules"]
    assert rule["expiration"] == {"days": 7}


def test_a_newer_region_has_no_account_for_access_logs() -> None:
    text = iam.load_balancer_logs("arn:aws:s3:::b", account="1", region="eu-south-2")
    assert "AWS" not in json.loads(text)["Statement"][1]["Principal"]


@pytest.mark.parametrize(
    ("change", "bucket"),
    [(ACCESS_LOGS, "access-logs-bucket"), (TO_S3, "flow-log-store-bucket")],
)
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_bucket_is_protected_like_the_others(stack: str, change: Change, bucket: str) -> None:
    made = plan_with(change, stack)[bucket]
    assert (made.protect, made.inputs["forceDestroy"]) == (stack == "prod", stack == "dev")


def test_flow_logs_go_to_a_group_with_a_role_that_cannot_make_it_again() -> None:
    plan = plan_with(TO_CLOUDWATCH)
    log = inputs_of(plan, "flow-logs-log")
    assert (log["vpcId"], log["trafficType"]) == ("<network-vpc.id>", "REJECT")
    assert (log["logDestination"], log["iamRoleArn"]) == (
        "<flow-logs-group.arn>",
        "<flow-logs-role.arn>",
    )
    group = inputs_of(plan, "flow-logs-group")
    assert group["name"] == "/aws/vpc/observability-platform-dev/flow-logs"
    assert group["retentionInDays"] == 14
    actions = [action for one in policy(plan, "flow-logs-policy") for action in one["Action"]]
    assert "logs:PutLogEvents" in actions
    assert "logs:CreateLogGroup" not in actions


def test_flow_logs_go_to_a_bucket_that_admits_this_account_only() -> None:
    plan = plan_with(TO_S3)
    log = inputs_of(plan, "flow-logs-log")
    assert (log["logDestinationType"], log["logDestination"]) == (
        "s3",
        "<flow-log-store-bucket.arn>",
    )
    assert "iamRoleArn" not in log
    assert "flow-log-store-policy" in plan.waits_for("flow-logs-log")
    for statement in policy(plan, "flow-log-store-policy")[1:]:
        assert statement["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
        assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == "<account>"


def test_the_class_of_the_control_planes_logs_is_a_setting() -> None:
    plan = plan_with(setting("cluster.logClass", "INFREQUENT_ACCESS"))
    assert inputs_of(plan, "cluster-logs")["logGroupClass"] == "INFREQUENT_ACCESS"
