"""The database of the reference deployment, and what protects it in production."""

import json
import re

import pytest

from infra.naming import Names
from infra.plan.destruction import destruction
from infra.settings import SettingsError, parse_options
from infra.validation.deployment import validate
from tests.support.plan import TODAY, Tree, inputs_of, plan_of, plan_with, stack_values

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


def test_dev_can_be_torn_down_and_leaves_its_data() -> None:
    plan = plan_of("dev")
    assert plan["registry-backend"].inputs["forceDelete"] is True
    assert destruction(plan).refused == ()
    assert destruction(plan).stays == (
        (
            "the database's last snapshot,"
            " observability-platform-dev-final-<database-final-snapshot.hex>"
        ),
        "the database's automated backups, for up to 7 days",
    )


def test_prod_survives_a_mistaken_destroy() -> None:
    plan = plan_of("prod")
    database = plan["database-instance"].inputs
    assert database["deletionProtection"] is True
    assert database["finalSnapshotIdentifier"] == (
        "observability-platform-prod-final-<database-final-snapshot.hex>"
    )
    assert plan["load-balancer-alb"].inputs["enableDeletionProtection"] is True
    assert plan["cluster-eks"].inputs["deletionProtection"] is True
    assert plan["registry-backend"].inputs["forceDelete"] is False
    protected = {resource.name for resource in plan.resources if resource.protect}
    assert protected == {"database-instance", "cluster-secrets-key", "log-store-bucket"}


@pytest.mark.parametrize("stack", ["dev", "Prod_eu", "a--b.c", "a_", "x" * 200])
def test_rds_accepts_the_name_of_the_last_snapshot(stack: str) -> None:
    name = f"{Names('observability-platform', stack).snapshot}-final-0123abcd"
    assert re.fullmatch("[a-z]+(-[a-z0-9]+)+", name), name
    assert len(name) <= 255


@pytest.mark.parametrize("keep_backups", [True, False])
@pytest.mark.parametrize("final_snapshot", [True, False])
@pytest.mark.parametrize(
    ("protected", "destroy_data"), [(True, False), (False, False), (False, True)]
)
def test_each_setting_takes_or_keeps_its_own_data_and_no_other(
    *, protected: bool, destroy_data: bool, final_snapshot: bool, keep_backups: bool
) -> None:
    def change(values: Tree) -> None:
        values |= {"deletionProtection": protected, "destroyData": destroy_data}
        values["database"] |= {"finalSnapshot": final_snapshot, "keepBackups": keep_backups}

    found = destruction(plan_with(change, "prod"))
    assert ("database-instance" in found.refused) is protected
    for part, is_lost in {
        "snapshot": not final_snapshot,
        "automated backups": not keep_backups,
        "the images": destroy_data,
        "the logs in": destroy_data,
    }.items():
        assert any(part in text for text in found.lost) is is_lost, (part, found)
        assert any(part in text for text in found.stays) is not is_lost, (part, found)


def test_lifting_the_protection_of_prod_destroys_no_data() -> None:
    def lift(values: Tree) -> None:
        values["deletionProtection"] = False

    before, after = plan_of("prod"), plan_with(lift, "prod")
    assert destruction(after).refused == ()
    assert (destruction(after).lost, destruction(after).stays) == (
        destruction(before).lost,
        destruction(before).stays,
    )
    database = after["database-instance"].inputs
    assert (database["skipFinalSnapshot"], database["deleteAutomatedBackups"]) == (False, False)
    assert after["registry-backend"].inputs["forceDelete"] is False
    assert after["log-store-bucket"].inputs["forceDestroy"] is False
    assert after.outputs["finalSnapshot"] == database["finalSnapshotIdentifier"]


def test_destroying_data_takes_explicit_settings() -> None:
    def destroy(values: Tree) -> None:
        values |= {"deletionProtection": False, "destroyData": True}
        values["database"] |= {"finalSnapshot": False, "keepBackups": False}

    plan = plan_with(destroy, "prod")
    assert "finalSnapshotIdentifier" not in plan["database-instance"].inputs
    assert plan.outputs.get("finalSnapshot") is None
    assert destruction(plan).stays == ()
    assert set(destruction(plan).lost) >= {
        "the database, without a last snapshot (database.finalSnapshot)",
        "the database's automated backups (database.keepBackups)",
        "the images in the registry",
        "the logs in the bucket",
    }


@pytest.mark.parametrize("keep", [True, False])
def test_backups_are_copied_to_another_region_with_a_key_there(*, keep: bool) -> None:
    def copy(values: Tree) -> None:
        values["database"] |= {"backupCopyRegion": "us-west-2", "backupDays": 14}
        values["database"] |= {"keepBackups": keep}

    plan = plan_with(copy)
    assert inputs_of(plan, "database-backup-copy") == {
        "region": "us-west-2",
        "sourceDbInstanceArn": "<database-instance.arn>",
        "kmsKeyId": "<database-backup-copy-key.arn>",
        "retentionPeriod": 14,
    }
    assert plan["database-backup-copy"].delete_before_replace
    key = plan["database-backup-copy-key"]
    assert (key.inputs["region"], key.inputs["deletionWindowInDays"]) == ("us-west-2", 30)
    assert key.retain_on_delete is keep
    assert "the copies of the backups in us-west-2, for up to 14 days" in destruction(plan).stays


def test_copies_whose_key_goes_are_a_finding() -> None:
    values = stack_values("dev")
    values["database"] |= {"backupCopyRegion": "us-west-2", "keepBackups": False}
    findings = validate(parse_options(values, "dev"), TODAY)
    [finding] = [one for one in findings if one.setting == "database.backupCopyRegion"]
    assert "30 days later nobody can read them" in finding.message


def test_logs_and_load_of_the_database_and_a_key_of_ones_own() -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd"

    def change(values: Tree) -> None:
        values["database"] |= {"performanceInsights": True, "kmsKey": key}
        values["database"] |= {"logExports": ["postgresql", "upgrade"]}

    plan = plan_with(change)
    instance = inputs_of(plan, "database-instance")
    assert (
        "the log group /aws/rds/instance/<identifier>/upgrade, which RDS made"
        in destruction(plan).stays
    )
    assert instance["performanceInsightsEnabled"] is True
    assert instance["performanceInsightsKmsKeyId"] == instance["kmsKeyId"] == key
    assert instance["enabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    plain = inputs_of(plan_of("dev"), "database-instance")
    assert plain["performanceInsightsEnabled"] is False
    assert not {"kmsKeyId", "enabledCloudwatchLogsExports"} & plain.keys()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"snapshot": "monday"}, {"snapshotIdentifier": "monday"}),
        (
            {"pointInTime": "2026-11-30T09:30:00Z", "instance": "broken"},
            {
                "restoreToPointInTime": {
                    "restoreTime": "2026-11-30T09:30:00Z",
                    "sourceDbInstanceIdentifier": "broken",
                }
            },
        ),
        (
            {"pointInTime": "latest", "instance": "arn:aws:rds:us-east-1:1:auto-backup:ab-1"},
            {
                "restoreToPointInTime": {
                    "useLatestRestorableTime": True,
                    "sourceDbInstanceAutomatedBackupsArn": (
                        "arn:aws:rds:us-east-1:1:auto-backup:ab-1"
                    ),
                }
            },
        ),
    ],
)
def test_a_restored_database_has_everything_but_its_contents_from_the_program(
    source: Tree, expected: Tree
) -> None:
    plan = plan_with(lambda values: values["database"].update(restoreFrom=source))
    [restored] = plan.of_type("aws:rds/instance:Instance")
    before = inputs_of(plan_of("dev"), "database-instance")
    assert restored.name != "database-instance"
    assert {**restored.inputs, **dict.fromkeys(("dbName", "username"))} == {
        **before,
        **expected,
        **dict.fromkeys(("dbName", "username")),
    }
    assert plan["database-final-snapshot"].inputs["keepers"]
    assert plan.outputs["databaseEndpoint"] == f"<{restored.name}.endpoint>"


@pytest.mark.parametrize(
    "source", [{}, {"instance": "a"}, {"pointInTime": "latest"}, {"snapshot": "a", "instance": "b"}]
)
def test_a_restore_names_one_source(source: Tree) -> None:
    with pytest.raises(SettingsError, match=r"restoreFrom: .* name either a snapshot"):
        plan_with(lambda values: values["database"].update(restoreFrom=source))


def test_a_pinned_minor_is_never_upgraded_by_aws() -> None:
    def pin(values: Tree) -> None:
        values["database"]["version"] = "15.18"

    assert plan_with(pin)["database-instance"].inputs["autoMinorVersionUpgrade"] is False


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


def test_builds_of_every_commit_evict_no_release() -> None:
    policy = json.loads(str(plan_of("dev")["registry-backend-lifecycle"].inputs["policy"]))
    rules = sorted(policy["rules"], key=lambda rule: int(rule["rulePriority"]))
    tags = [rule["selection"].get("tagPatternList") for rule in rules]
    # ECR: an image that matches a rule is left alone by every later one.
    assert tags == [None, ["*.*.*"], ["*"]]
    assert [rule["selection"]["countNumber"] for rule in rules] == [14, 30, 30]
