"""The database of the reference deployment, and what protects it in production."""

import pytest

from tests.support.plan import Tree, inputs_of, plan_of, plan_with

stacks = pytest.mark.parametrize("stack", ["dev", "prod"])


@stacks
def test_the_database_is_the_reference_one(stack: str) -> None:
    database = plan_of(stack)["database-instance"].inputs
    expected = {
        "engine": "postgres",
        "engineVersion": "15",
        "instanceClass": "db.t3.micro",
        "allocatedStorage": 20,
        "maxAllocatedStorage": 40,
        "storageType": "gp3",
        "storageEncrypted": True,
        "backupRetentionPeriod": 7,
        "autoMinorVersionUpgrade": True,
        "engineLifecycleSupport": "open-source-rds-extended-support-disabled",
        "multiAz": stack == "prod",
        "dbSubnetGroupName": "<database-subnets.name>",
        "parameterGroupName": "<database-parameters.name>",
    }
    assert {key: database[key] for key in expected} == expected


@stacks
def test_parameters_ask_for_tls_and_set_the_connections_that_were_budgeted(stack: str) -> None:
    group = inputs_of(plan_of(stack), "database-parameters")
    assert group["family"] == "postgres15"
    values = {p["name"]: (p["value"], p["applyMethod"]) for p in group["parameters"]}
    assert values["rds.force_ssl"] == ("1", "immediate")
    assert values["max_connections"] == ("84", "pending-reboot")


def test_dev_can_be_torn_down() -> None:
    plan = plan_of("dev")
    database = plan["database-instance"].inputs
    assert (database["deletionProtection"], database["skipFinalSnapshot"]) == (False, True)
    assert plan["registry-backend"].inputs["forceDelete"] is True
    assert [resource.name for resource in plan.resources if resource.protect] == []


def test_prod_survives_a_mistaken_destroy() -> None:
    plan = plan_of("prod")
    database = plan["database-instance"].inputs
    assert database["deletionProtection"] is True
    assert database["skipFinalSnapshot"] is False
    assert database["deleteAutomatedBackups"] is False
    assert database["finalSnapshotIdentifier"] == (
        "observability-platform-prod-final-<database-final-snapshot.hex>"
    )
    assert plan["load-balancer-alb"].inputs["enableDeletionProtection"] is True
    assert plan["cluster-eks"].inputs["deletionProtection"] is True
    assert plan["registry-backend"].inputs["forceDelete"] is False
    protected = {resource.name for resource in plan.resources if resource.protect}
    assert protected == {"database-instance", "cluster-secrets-key", "log-store-bucket"}


def test_a_minor_version_keeps_the_family_of_its_major() -> None:
    def pin(values: Tree) -> None:
        values["database"]["version"] = "16.14"

    plan = plan_with(pin)
    assert plan["database-instance"].inputs["engineVersion"] == "16.14"
    assert plan["database-parameters"].inputs["family"] == "postgres16"


@stacks
def test_the_registry_never_moves_a_tag_and_scans_what_is_pushed(stack: str) -> None:
    repository = plan_of(stack)["registry-backend"].inputs
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
