"""The recorder sees what a program declares; or every other test could pass on nothing."""

from collections.abc import Callable

import pulumi
import pulumi_aws as aws
import pulumi_random as random
import pytest
from pulumi import ResourceOptions

from infra.plan.model import SECRET, Plan
from infra.plan.recorder import EmptyProgramError, record
from tests.support.plan import plan_of


def recorded(program: Callable[[], None]) -> Plan:
    return record(program, project="project", stack="stack", config={})


def test_it_sees_a_resource_with_its_inputs_parent_and_provider() -> None:
    def program() -> None:
        provider = aws.Provider("cloud", region="eu-west-1")
        group = pulumi.ComponentResource("test:index:Group", "group")
        aws.ec2.Vpc(
            "vpc",
            cidr_block="10.0.0.0/16",
            enable_dns_support=True,
            opts=ResourceOptions(parent=group, provider=provider, protect=True),
        )

    vpc = recorded(program)["vpc"]
    assert (vpc.type, vpc.parent, vpc.provider) == ("aws:ec2/vpc:Vpc", "group", "cloud")
    assert vpc.inputs == {"cidrBlock": "10.0.0.0/16", "enableDnsSupport": True}
    assert vpc.protect


def test_a_name_that_is_declared_twice_is_refused_as_the_engine_refuses_it() -> None:
    def program() -> None:
        for _ in range(2):
            aws.ec2.Vpc("vpc")

    with pytest.raises(pulumi.RunError, match="Vpc vpc is declared twice"):
        recorded(program)


def test_dependencies_are_those_of_options_and_those_of_used_outputs() -> None:
    def program() -> None:
        vpc = aws.ec2.Vpc("vpc")
        other = aws.ec2.Vpc("other")
        aws.ec2.Subnet("subnet", vpc_id=vpc.id, opts=ResourceOptions(depends_on=[other]))

    assert recorded(program)["subnet"].depends_on == ("other", "vpc")


def test_outputs_that_only_a_cloud_knows_are_readable_and_never_missing() -> None:
    def program() -> None:
        role = aws.iam.Role("role", assume_role_policy="{}")
        aws.iam.RolePolicy("policy", role=role.name, policy=role.arn.apply(lambda arn: f"on {arn}"))

    assert recorded(program)["policy"].inputs == {"policy": "on <role.arn>", "role": "<role.name>"}


def test_secrets_stay_secret_through_outputs_and_exports() -> None:
    def program() -> None:
        password = random.RandomPassword("password", length=8).result
        aws.rds.Instance("database", instance_class="db.t3.micro", password=password)
        pulumi.export("password", password)
        pulumi.export("sentence", pulumi.Output.concat("password: ", password))

    plan = recorded(program)
    assert plan["database"].inputs["password"] == SECRET
    assert plan.outputs == {"password": SECRET, "sentence": SECRET}


def test_a_false_assertion_inside_an_apply_fails_the_run() -> None:
    def program() -> None:
        def check(identity: str) -> None:
            assert identity == "something else"

        aws.ec2.Vpc("vpc").id.apply(check)

    with pytest.raises(AssertionError):
        recorded(program)


def test_an_empty_program_is_an_error() -> None:
    with pytest.raises(EmptyProgramError, match="registered no resource"):
        recorded(lambda: None)


def test_a_function_without_an_answer_is_an_error_that_names_it() -> None:
    def program() -> None:
        aws.eks.get_cluster_output(name="other").endpoint.apply(lambda _: None)

    with pytest.raises(NotImplementedError, match="aws:eks/getCluster"):
        recorded(program)


def test_an_error_of_the_program_passes_through() -> None:
    def program() -> None:
        raise pulumi.RunError("no")

    with pytest.raises(pulumi.RunError, match=r"^no$"):
        recorded(program)


def test_a_run_leaves_no_state_behind() -> None:
    recorded(lambda: pulumi.export("one", aws.ec2.Vpc("vpc").id))
    second = recorded(lambda: pulumi.export("two", aws.ec2.Vpc("vpc").id))
    assert set(second.outputs) == {"two"}
    assert [resource.name for resource in second.resources] == ["vpc"]
    assert pulumi.runtime.get_root_resource() is None


def test_two_runs_are_equal() -> None:
    first = plan_of("dev")
    plan_of.cache_clear()
    assert plan_of("dev") == first


def test_names_are_unique_so_that_a_name_is_enough_to_refer_to_a_resource() -> None:
    for stack in ("dev", "prod"):
        names = [resource.name for resource in plan_of(stack).resources]
        assert sorted(set(names)) == sorted(names)
