"""What must hold for every resource, not only for those someone thought of."""

import importlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from infra.plan.model import Plan, PlannedResource
from tests.support.plan import Tree, plan_of, plan_with

stacks = pytest.mark.parametrize("stack", ["dev", "prod"])

Inputs = Mapping[str, Any]

# Every type that keeps data, and how one sees that it is encrypted.
ENCRYPTED: Mapping[str, Callable[[Inputs], bool]] = {
    "aws:rds/instance:Instance": lambda inputs: inputs["storageEncrypted"] is True,
    "aws:ecr/repository:Repository": lambda inputs: (
        inputs["encryptionConfigurations"] == [{"encryptionType": "AES256"}]
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": lambda inputs: all(
        device["ebs"]["encrypted"] == "true" for device in inputs["blockDeviceMappings"]
    ),
    "eks:index:Cluster": lambda inputs: (
        inputs["encryptionConfigKeyArn"] == "<cluster-secrets-key.arn>"
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        lambda inputs: all(
            rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "AES256"
            for rule in inputs["rules"]
        )
    ),
    "kubernetes:storage.k8s.io/v1:StorageClass": lambda inputs: (
        inputs["parameters"]["encrypted"] == "true"
    ),
}


# Every other one. A new service has to be put into one of the two lists.
KEEPS_NO_DATA = (
    *("aws:cloudwatch/", "aws:sns/", "aws:lb/", "aws:iam/", "aws:kms/", "aws:eks/", "aws:ec2/"),
    *("aws:vpc/", "aws:ecr/lifecyclePolicy:", "aws:rds/parameterGroup:", "aws:rds/subnetGroup:"),
    # A bucket's encryption is a resource of its own, above.
    *("aws:s3/bucket:", "aws:s3/bucketLifecycle", "aws:s3/bucketPolicy:", "aws:s3/bucketPublic"),
    # The cluster's key encrypts Secrets; an image goes into the registry.
    *("kubernetes:", "docker-build:", "random:"),
)


def real_resources(plan: Plan) -> list[PlannedResource]:
    return [r for r in plan.resources if not r.type.startswith(("platform:", "pulumi:"))]


@stacks
def test_everything_that_keeps_data_is_encrypted(stack: str) -> None:
    plan = plan_of(stack)
    types = {r.type for r in real_resources(plan)} - ENCRYPTED.keys()
    unknown = {name for name in types if not name.startswith(KEEPS_NO_DATA)}
    assert not unknown, f"say in this file whether these keep data: {unknown}"
    for type_token, is_encrypted in ENCRYPTED.items():
        resources = plan.of_type(type_token)
        assert plan_of("prod").of_type(type_token), f"no {type_token} is left: remove it"
        assert [r.name for r in resources if not is_encrypted(r.inputs)] == []


@stacks
def test_everything_that_can_be_tagged_has_a_name_and_the_providers_tags(stack: str) -> None:
    plan = plan_of(stack)
    default_tags = json.loads(str(plan["aws"].inputs["defaultTags"]))["tags"]
    assert default_tags == {
        "Project": "observability-platform",
        "Environment": stack,
        "ManagedBy": "pulumi",
    }
    taggable = [r for r in real_resources(plan) if can_be_tagged(r.type)]
    assert len(taggable) > 40
    for resource in taggable:
        inputs: Inputs = resource.inputs
        assert inputs["tags"]["Name"].startswith(f"observability-platform-{stack}-"), resource.name


@stacks
def test_what_the_node_group_makes_is_tagged_as_well(stack: str) -> None:
    plan = plan_of(stack)
    for template in plan.of_type("aws:ec2/launchTemplate:LaunchTemplate"):
        inputs: Inputs = template.inputs
        by_kind = {spec["resourceType"]: spec["tags"] for spec in inputs["tagSpecifications"]}
        assert by_kind.keys() == {"instance", "volume", "network-interface"}
        for tags in by_kind.values():
            assert tags.keys() == {"Project", "Environment", "ManagedBy", "Name"}


@stacks
def test_every_resource_of_a_cloud_uses_our_provider_and_belongs_to_a_component(stack: str) -> None:
    for resource in real_resources(plan_of(stack)):
        expected = {"aws": "aws", "kubernetes": "kubernetes"}.get(resource.type.split(":")[0])
        assert resource.provider == expected, resource.name
        assert resource.parent is not None, resource.name
    # A remote component is handed its provider; its children use it.
    assert "aws" in plan_of(stack)["cluster-eks"].depends_on


@stacks
def test_the_kubernetes_provider_talks_to_our_cluster_and_updates_secrets_in_place(
    stack: str,
) -> None:
    (provider,) = plan_of(stack).of_type("pulumi:providers:kubernetes")
    assert provider.inputs["kubeconfig"] == "<cluster-eks.kubeconfigJson>"
    assert provider.inputs["enableSecretMutable"] == "true"
    assert provider.inputs["enableConfigMapMutable"] == "true"


def test_the_aws_provider_refuses_other_accounts_when_one_is_named() -> None:
    def name_account(values: Tree) -> None:
        values["allowedAccountId"] = "123456789012"

    provider = plan_with(name_account)["aws"]
    assert json.loads(str(provider.inputs["allowedAccountIds"])) == ["123456789012"]
    assert "allowedAccountIds" not in plan_of("dev")["aws"].inputs


def test_an_operators_tags_reach_resources_and_machines() -> None:
    def add_tag(values: Tree) -> None:
        values["tags"] = {"Team": "platform", "Environment": "staging"}

    plan = plan_with(add_tag)
    expected = {"Team": "platform", "Environment": "staging", "ManagedBy": "pulumi"}
    assert json.loads(str(plan["aws"].inputs["defaultTags"]))["tags"].items() >= expected.items()
    template: Inputs = plan["nodes-general-template"].inputs
    assert all(s["tags"].items() >= expected.items() for s in template["tagSpecifications"])


def can_be_tagged(type_token: str) -> bool:
    package, module, name = type_token.split(":")
    if package not in {"aws", "eks"}:
        return False
    path = f"pulumi_{package}" if module == "index" else f"pulumi_{package}.{module.split('/')[0]}"
    arguments = getattr(importlib.import_module(path), f"{name}Args")
    return hasattr(arguments, "tags")
