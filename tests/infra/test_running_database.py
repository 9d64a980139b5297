"""RDS keeps changes for its window: what depends on the database follows the one that runs."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace

import pulumi
import pulumi_aws as aws
import pytest

from infra.plan import cloud
from infra.plan.model import Json, Plan
from tests.infra.test_aws_versions import RefusedError, logged  # noqa: F401  a fixture
from tests.support.plan import Tree, inputs_of, plan_with

INSTANCES = "aws:rds/getInstances:getInstances"
INSTANCE = "aws:rds/getInstance:getInstance"
ALARMS = ("memory", "connections", "credits", "space")
# Thresholds of a db.t3.micro with 20 GB, and of a db.t3.small with 40 GB.
SMALL = {"memory": 53687091, "connections": 75, "credits": 28, "space": 2147483648}
LARGE = {"memory": 107374182, "connections": 151, "credits": 57, "space": 4294967296}

Runs = Callable[..., None]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    """Let AWS answer that an instance runs; others of the stack's tags exist beside it."""

    def answer(name: str = "database-instance-0123abc", **changed: Json) -> None:
        names: list[Json] = ["database-instance-89abcdef-0123abc", "somebody-elses", name]
        known: dict[str, Json] = {
            "dbInstanceClass": "db.t3.micro",
            "allocatedStorage": 20,
            "multiAz": False,
            "engineVersion": "15.18",
        }
        monkeypatch.setitem(cloud.FUNCTIONS, INSTANCES, {"instanceIdentifiers": names})
        monkeypatch.setitem(cloud.FUNCTIONS, INSTANCE, known | changed)

    return answer


def larger(apply: str, **backend: object) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        tree["database"] |= {"instanceClass": "db.t3.small", "applyChanges": apply}
        tree["database"] |= {"storageGb": 40, "storageCeilingGb": 80}
        tree["backend"] |= backend

    return change


def thresholds(plan: Plan) -> Mapping[str, object]:
    return {name: inputs_of(plan, f"alarms-database-{name}")["threshold"] for name in ALARMS}


@pytest.mark.parametrize(
    ("apply", "running", "expected"),
    [
        ("window", "db.t3.micro", SMALL),
        ("window", "db.t3.small", {**LARGE, "space": SMALL["space"]}),
        ("now", "db.t3.micro", LARGE),
        # Chosen outside of Pulumi; this program does not know it.
        ("window", "db.x2g.large", {**LARGE, "space": SMALL["space"]}),
    ],
)
def test_alarms_follow_the_class_that_runs(
    runs: Runs, apply: str, running: str, expected: Mapping[str, int]
) -> None:
    runs(dbInstanceClass=running)
    plan = plan_with(larger(apply))
    assert thresholds(plan) == expected
    instance = inputs_of(plan, "database-instance")
    assert (instance["instanceClass"], instance["applyImmediately"]) == (
        "db.t3.small",
        apply == "now",
    )


def test_a_database_that_does_not_exist_yet_is_the_one_that_is_written() -> None:
    assert thresholds(plan_with(larger("window"))) == LARGE


def test_what_waits_is_said_once_for_each_change(
    runs: Runs,
    logged: pytest.LogCaptureFixture,  # noqa: F811  the fixture
) -> None:
    runs(multiAz=True)
    plan_with(larger("window"))
    said = [text for text in logged.messages if "maintenance window" in text]
    assert [text.partition(" changes from ")[::2] for text in said] == [
        (
            "database.instanceClass",
            (
                "db.t3.micro to db.t3.small in the maintenance window, sun:04:00-sun:05:00 UTC."
                " Until then db.t3.micro runs; alarms and the limit of the pools follow it, and a"
                " later `pulumi up` moves them."
            ),
        ),
        ("database.multiAz", "true to false in the maintenance window, sun:04:00-sun:05:00 UTC."),
        ("database.storageGb", "20 to 40 in the maintenance window, sun:04:00-sun:05:00 UTC."),
    ]


def test_what_is_done_at_once_is_said(
    runs: Runs,
    logged: pytest.LogCaptureFixture,  # noqa: F811  the fixture
) -> None:
    runs(allocatedStorage=40)
    plan_with(larger("now"))
    assert (
        "database.instanceClass changes from db.t3.micro to db.t3.small at once"
        " (database.applyChanges)." in logged.messages
    )


@pytest.mark.parametrize(
    ("apply", "running", "refused"),
    [
        ("window", "db.t3.micro", True),
        ("window", "db.t3.small", False),
        ("now", "db.t3.micro", False),
    ],
)
def test_pools_fit_the_class_that_runs(
    runs: Runs, apply: str, running: str, *, refused: bool
) -> None:
    runs(dbInstanceClass=running)
    change = larger(apply, databasePoolSize=10)
    if refused:
        with pytest.raises(pulumi.RunError, match=r"only 67 are available on db\.t3\.micro"):
            plan_with(change)
    else:
        assert plan_with(change).resources


@pytest.mark.parametrize("apply", ["now", "window"])
def test_a_smaller_class_that_the_pools_do_not_fit_is_refused(runs: Runs, apply: str) -> None:
    runs(dbInstanceClass="db.t3.small")

    def smaller(tree: Tree) -> None:
        tree["database"]["applyChanges"] = apply
        tree["backend"]["databasePoolSize"] = 10

    with pytest.raises(pulumi.RunError, match=r"only 67 are available on db\.t3\.micro"):
        plan_with(smaller)


def test_without_an_answer_alarms_follow_what_is_written(
    monkeypatch: pytest.MonkeyPatch,
    logged: pytest.LogCaptureFixture,  # noqa: F811  the fixture
) -> None:
    answer = cloud.answer

    def refuse(function: str) -> object:
        if function == INSTANCES:
            raise RefusedError("AccessDenied")
        return answer(function)

    monkeypatch.setattr(cloud, "answer", refuse)
    assert thresholds(plan_with(larger("window"))) == LARGE
    [told] = [text for text in logged.messages if "follow database.instanceClass" in text]
    assert "AccessDenied" in told


def test_aws_is_asked_once_and_by_a_tag_that_no_setting_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def none(tags: Mapping[str, str], opts: pulumi.InvokeOptions) -> SimpleNamespace:
        asked.append((tags, opts.provider is not None))
        return SimpleNamespace(instance_identifiers=[])

    monkeypatch.setattr(aws.rds, "get_instances", none)
    plan_with(lambda tree: tree.update(tags={"Environment": "production"}))
    assert asked == [({"Name": "observability-platform-dev-database"}, True)]


@pytest.mark.parametrize(
    ("written", "running", "asked"),
    [
        ("15", "15.18", "15"),
        ("15.17", "15.18", "15.18"),
        ("15.18", "15.17", "15.18"),
        ("15.18", "15.18-rds.20280301", "15.18"),
    ],
)
def test_a_minor_never_goes_back(
    runs: Runs,
    logged: pytest.LogCaptureFixture,  # noqa: F811  the fixture
    written: str,
    running: str,
    asked: str,
) -> None:
    runs(engineVersion=running)
    plan = plan_with(lambda tree: tree["database"].update(version=written))
    assert inputs_of(plan, "database-instance")["engineVersion"] == asked
    said = [text for text in logged.messages if "has no way back" in text]
    assert bool(said) is (asked != written)
    assert all('Set database.version to "15.18"' in text for text in said)


def test_a_major_that_aws_has_left_is_refused(runs: Runs) -> None:
    runs(engineVersion="16.14")
    with pytest.raises(pulumi.RunError, match=r"PostgreSQL 16\.14 runs, and RDS has no way back"):
        plan_with(lambda _: None)


def test_a_restored_database_is_not_taken_for_the_one_that_it_replaces(runs: Runs) -> None:
    runs(engineVersion="16.14")

    def restore(tree: Tree) -> None:
        tree["database"]["restoreFrom"] = {"snapshot": "before-the-upgrade"}

    assert plan_with(restore).of_type("aws:rds/instance:Instance")
