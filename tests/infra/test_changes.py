"""Changes of an existing stack: refused where AWS refuses them, allowed elsewhere."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from infra.naming import Names
from infra.plan.__main__ import main
from infra.settings import parse_options
from infra.validation.changes import GUARDED, in_place, refusals, values
from infra.validation.guarded import Value
from infra.validation.undeletable import UNDELETABLE
from tests.support.plan import PROJECT, ROOT, Tree, stack_values

NAMES = Names(PROJECT, "dev")
Change = Callable[[Tree], None]


def _set(group: str, **changed: object) -> Change:
    return lambda tree: tree[group].update(changed)


KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd"


def _larger_class_and_pools(tree: Tree) -> None:
    tree["database"] |= {"instanceClass": "db.t3.small"}
    tree["backend"] |= {"databasePoolSize": 10}


def _now(change: Change) -> Change:
    def changed(tree: Tree) -> None:
        change(tree)
        tree["database"]["applyChanges"] = "now"

    return changed


def _another_restore(**changed: object) -> Change:
    return _set("database", restoreFrom={"snapshot": "before-the-upgrade"}, **changed)


def _region(tree: Tree) -> None:
    tree["region"] = "us-west-2"


REFUSED: Mapping[str, tuple[Change, str]] = {
    "region": (_region, "without the data"),
    "rolePath": (lambda tree: tree.update(rolePath="/platform/"), "cannot move a role"),
    "network.cidr": (_set("network", cidr="10.0.0.0/15"), "cannot change the range of a VPC"),
    "network.zones": (_set("network", zones=["us-east-1a", "us-east-1c"]), "for ever"),
    "network.publicCidrs": (_set("network", publicCidrs=["10.0.1.0/24", "10.0.3.0/24"]), "move"),
    "network.privateCidrs": (_set("network", privateCidrs=["10.0.11.0/24"]), "move"),
    "network.databaseCidrs": (_set("network", databaseCidrs=["10.0.21.0/24"]), "move"),
    "cluster.logClass": (_set("cluster", logClass="INFREQUENT_ACCESS"), "the class of a log group"),
    "cluster.version": (_set("cluster", version="1.35"), "no way back"),
    "database.version": (_set("database", version="16"), "allowMajorUpgrade is false"),
    "database.instanceClass": (_larger_class_and_pools, "only 67 are available on db.t3.micro"),
    "database.kmsKey": (_set("database", kmsKey=KEY), "an empty database would replace"),
    "database.storageGb": (_set("database", storageGb=20), "cannot shrink"),
    "database.restoreFrom": (_set("database", restoreFrom=None), "an empty database"),
}
ALLOWED: Mapping[str, Change] = {
    "next Kubernetes": _set("cluster", version="1.37"),
    "Kubernetes rolled back": _set("cluster", version="1.35", allowRollback=True),
    "pinned minor": _set("database", version="15.18"),
    "major with consent": _now(_set("database", version="16", allowMajorUpgrade=True)),
    "larger class and pools at once": _now(_larger_class_and_pools),
    "another restore": _another_restore(),
    "a restore with another key and less storage": _another_restore(kmsKey=KEY, storageGb=20),
    "more storage": _set("database", storageGb=40, storageCeilingGb=80),
    "class": _set("database", instanceClass="db.t3.small"),
    "NAT": _set("network", nat="per-az"),
    "nodes": _set("nodes", groups={"general": {"instanceTypes": ["t3.large"], "min": 2, "max": 4}}),
}


def _values(change: Change | None = None) -> tuple[dict[str, object], list[str]]:
    """Return what the state holds of a restored stack, and the refusals of a changed one."""
    tree = stack_values("dev")
    tree["database"] |= {"storageGb": 30, "restoreFrom": {"snapshot": "monday"}}
    # As the engine gives it back: numbers are floats.
    held = json.loads(json.dumps(values(parse_options(tree, "before"), NAMES)), parse_int=float)
    if change:
        change(tree)
    return held, refusals(held, parse_options(tree, "after"), NAMES)


def test_nothing_is_refused_without_a_change() -> None:
    assert _values()[1] == []


@pytest.mark.parametrize("setting", REFUSED)
def test_it_is_refused_with_values_reason_and_remedy(setting: str) -> None:
    change, reason = REFUSED[setting]
    [sentence] = _values(change)[1]
    assert sentence.startswith(f"{setting} cannot change from ")
    assert reason in sentence
    assert sentence.endswith(f"{GUARDED[setting].remedy}.")


def test_a_renamed_stack_is_refused() -> None:
    options = parse_options(stack_values("dev"), "dev")
    [sentence] = refusals(values(options, NAMES), options, Names(PROJECT, "staging"))
    assert sentence.startswith("name cannot change from observability-platform-dev to ")


def test_every_row_has_a_case() -> None:
    elsewhere = {"name", "database.identifier", "network.existing", *UNDELETABLE}
    assert {*REFUSED, *elsewhere} == GUARDED.keys()


def test_a_renamed_database_is_refused_unless_it_is_restored() -> None:
    held, _ = _values()
    held["database.identifier"] = "db"
    tree = stack_values("dev")
    tree["database"] |= {"storageGb": 30, "restoreFrom": {"snapshot": "monday"}}
    [sentence] = refusals(held, parse_options(tree, "same"), NAMES)
    assert sentence.startswith("database.identifier cannot change from db to database-instance: ")
    tree["database"]["restoreFrom"] = {"snapshot": "tuesday"}
    assert refusals(held, parse_options(tree, "restored"), NAMES) == []


@pytest.mark.parametrize("change", ALLOWED.values(), ids=ALLOWED)
def test_it_is_allowed(change: Change) -> None:
    assert _values(change)[1] == []


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ("1.34", "1.36", "one minor at a time"),
        ("1.36", "1.35", "no way back"),
        ("1.9", "1.10", None),
    ],
)
def test_kubernetes_goes_forward_one_minor(before: str, after: str, refused: str | None) -> None:
    _judge("cluster.version", before, after, refused)


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ("15.18", "15.17", "no way back"),
        ("15.9", "15.10", None),
        ("15.18", "15", None),
        ("16", "15.18", "no way back"),
        ("15", "17", "allowMajorUpgrade is false"),
    ],
)
def test_postgres_never_goes_back(before: str, after: str, refused: str | None) -> None:
    _judge("database.version", before, after, refused)


@pytest.mark.parametrize(
    ("tried", "reached", "now", "refused"),
    [
        ({"version": "1.36"}, {"version": "1.35"}, {"version": "1.35"}, False),
        ({"version": "1.36"}, {"version": "1.35"}, {"version": "1.37"}, False),
        ({"version": "1.36"}, {"version": "1.35"}, {"version": "1.34"}, True),
        ({"storageGb": 40}, {"storageGb": 20}, {"storageGb": 30}, False),
        ({"storageGb": 40}, {"storageGb": 30}, {"storageGb": 20}, True),
        ({"restoreFrom": {"snapshot": "typo"}}, {}, {}, False),
        ({"restoreFrom": {"snapshot": "typo"}, "kmsKey": KEY}, {}, {}, False),
        ({"kmsKey": KEY}, {"kmsKey": KEY}, {}, True),
        ({"restoreFrom": {"snapshot": "b"}}, {"restoreFrom": {"snapshot": "a"}}, {}, True),
    ],
)
def test_what_was_only_tried_can_be_taken_back(
    tried: Tree, reached: Tree, now: Tree, refused: bool
) -> None:
    """The guard is updated before AWS answers: a `pulumi up` that fails there leaves it ahead."""
    trees = [stack_values("dev") for _ in range(3)]
    for tree, changed in zip(trees, (tried, reached, now), strict=True):
        tree["database"]["storageCeilingGb"] = 80
        tree["cluster" if "version" in changed else "database"] |= changed
    before, complete, after = (parse_options(tree, "test") for tree in trees)
    found = refusals(values(before, NAMES), after, NAMES, reached=in_place(complete, NAMES))
    assert bool(found) is refused


def test_before_the_first_complete_up_only_what_can_never_follow_is_refused() -> None:
    tree = stack_values("dev")
    held = values(parse_options(tree, "before"), NAMES)
    tree["cluster"]["version"] = "1.34"
    tree["network"]["cidr"] = "10.0.0.0/15"
    [sentence] = refusals(held, parse_options(tree, "after"), NAMES, reached={})
    assert sentence.startswith("network.cidr ")
    assert "destroyed first" in sentence


def test_a_path_of_roles_is_refused_where_an_older_program_had_none() -> None:
    tree = stack_values("dev") | {"rolePath": "/platform/"}
    [sentence] = refusals({"region": "us-east-1"}, parse_options(tree, "dev"), NAMES)
    assert sentence.startswith("rolePath cannot change from / to /platform/: IAM cannot move")


@pytest.mark.parametrize(
    ("before", "after", "apply", "refused"),
    [
        ("15", "16", "window", "database.applyChanges is window"),
        ("15", "18", "now", None),
        ("16", "15", "now", "no way back"),
        ("16.14", "16.11", "now", "no way back"),
    ],
)
def test_a_major_upgrade_with_consent(
    before: str, after: str, apply: str, refused: str | None
) -> None:
    _judge("database.version", before, after, refused, applyChanges=apply, allowMajorUpgrade=True)


@pytest.mark.parametrize(
    ("setting", "before", "after", "refused"),
    [
        ("network.cidr", "10.0.0.0/16", "", "a new VPC replaces everything"),
        ("network.cidr", "", "10.0.0.0/16", None),
        ("network.privateCidrs", ["10.0.11.0/24"], [], None),
        ("network.existing", ["vpc-0a"], [], "everything in the VPC would be replaced"),
        ("network.existing", ["vpc-0a", "subnet-0b"], ["vpc-0a", "subnet-0c"], "be replaced"),
        ("network.existing", [], ["vpc-0a"], None),
        ("network.publicCidrs", [], ["10.0.1.0/24"], None),
        ("network.publicCidrs", ["10.0.1.0/24"], [], None),
    ],
)
def test_a_network_stays_and_its_public_side_may_come_and_go(
    setting: str, before: str | list[str], after: str | list[str], refused: str | None
) -> None:
    """One row speaks in each direction between a network of our own and that of others."""
    _judge(setting, before, after, refused)


S3 = {"flowLogs": {"destination": "s3"}}
LOKI = {"logs": {"objectStorage": True}}


@pytest.mark.parametrize(
    ("setting", "group", "on", "off"),
    [
        ("loadBalancer.accessLogs", "loadBalancer", {"accessLogs": True}, {"accessLogs": False}),
        ("network.flowLogs", "network", S3, {"flowLogs": {"destination": "cloudwatch"}}),
        ("observability.logs.objectStorage", "observability", LOKI, {"enabled": False}),
        ("loadBalancer.internal", "loadBalancer", {"internal": False}, {"internal": True}),
    ],
)
@pytest.mark.parametrize("removable", [True, False])
def test_what_aws_would_not_delete_stays(
    setting: str, group: str, on: Tree, off: Tree, *, removable: bool
) -> None:
    """What counts is what the state says: the deletion knows nothing of the new settings."""
    before = stack_values("dev")
    before |= {"deletionProtection": not removable, "destroyData": removable}
    before[group] = before.get(group, {}) | on
    held = values(parse_options(before, "before"), NAMES)
    after = before | {"deletionProtection": False, "destroyData": True}
    assert refusals(held, parse_options(after, "same"), NAMES) == []
    found = refusals(held, parse_options(after | {group: before[group] | off}, "off"), NAMES)
    assert [sentence.partition(" ")[0] for sentence in found] == [setting] * (not removable)
    assert all("in a `pulumi up` of its own, before this change" in one for one in found)


def test_a_setting_that_an_older_program_did_not_keep_is_not_compared() -> None:
    assert refusals({}, parse_options(stack_values("prod"), "prod"), NAMES) == []


def test_a_plan_is_compared_with_an_older_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.json"
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    arguments = ["--root", str(tmp_path), "--output", str(tmp_path / "plan.json")]
    assert main([*arguments[:2], "--output", str(old)]) == 0

    assert main([*arguments, "--since", str(old)]) == 0
    assert "Changes\n  none" in capsys.readouterr().out

    stack = tmp_path / "Pulumi.dev.yaml"
    stack.write_text(stack.read_text().replace("10.0.", "10.9.").replace("per-az", "single"))
    assert main([*arguments, "--since", str(old)]) == 1
    shown = capsys.readouterr().out
    assert "refused  network.cidr cannot change from 10.0.0.0/16 to 10.9.0.0/16" in shown
    assert "changed  network-vpc  cidrBlock" in shown

    # The refused change is refused as often as one asks.
    for _ in range(2):
        assert main([*arguments[:2], "--output", str(old), "--since", str(old)]) == 1
    assert "Not written" in capsys.readouterr().out

    plan = json.loads(old.read_text())
    plan["resources"] = [one for one in plan["resources"] if one["name"] != "guard"]
    old.write_text(json.dumps(plan))
    assert main([*arguments, "--since", str(old)]) == 0
    assert "unknown  the old plan does not say" in capsys.readouterr().out


def test_a_comparison_says_what_waits_for_the_window(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    stack, old = tmp_path / "Pulumi.dev.yaml", tmp_path / "old.json"
    arguments = ["--root", str(tmp_path), "--output"]
    assert main([*arguments, str(old)]) == 0
    stack.write_text(stack.read_text().replace("t3.micro\n", "t3.small\n"))
    assert main([*arguments, str(tmp_path / "plan.json"), "--since", str(old)]) == 0
    assert (
        "database.instanceClass changes from db.t3.micro to db.t3.small in the maintenance window,"
        " sun:04:00-sun:05:00 UTC. Until then db.t3.micro runs"
    ) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("zones", "refused"),
    [
        ("use1-az4, use1-az6", False),
        ("us-east-1a, us-east-1c", True),
    ],
)
def test_zones_by_id_and_by_name_are_compared_by_aws_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], zones: str, *, refused: bool
) -> None:
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    stack, old = tmp_path / "Pulumi.dev.yaml", tmp_path / "old.json"
    arguments = ["--root", str(tmp_path), "--output"]
    assert main([*arguments, str(old)]) == 0
    stack.write_text(stack.read_text().replace("us-east-1a, us-east-1b", zones))
    new = [*arguments, str(tmp_path / "plan.json"), "--since", str(old)]
    assert main(new) == int(refused)
    assert ("network.zones cannot change" in capsys.readouterr().out) is refused


@pytest.mark.parametrize(
    "content",
    [
        *(None, "{", "[]", "{}", "[" * 100_000, "\udcff"),
        '{"stack": "dev", "resources": [{"name": "guard"}]}',
        # Terraform's state.
        '{"version": 4, "resources": [{"type": "aws_vpc", "name": "guard", "instances": []}]}',
    ],
    ids=range(8),
)
def test_what_is_not_a_plan_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    old = tmp_path / "old.json"
    if content is not None:
        old.write_bytes(content.encode(errors="surrogateescape"))
    assert main(["--output", str(tmp_path / "plan.json"), "--since", str(old)]) == 1
    assert f"SINCE={old}" in capsys.readouterr().err


def test_a_rollback_takes_back_one_minor() -> None:
    tree = stack_values("dev")
    tree["cluster"] |= {"version": "1.34", "allowRollback": True}
    [sentence] = refusals({"cluster.version": "1.36"}, parse_options(tree, "after"), NAMES)
    assert "no way back to that version" in sentence


def _judge(
    setting: str, before: Value, after: Value, refused: str | None, **database: object
) -> None:
    tree = stack_values("dev")
    tree["database"] |= database
    options = parse_options(tree, "dev")
    reason = GUARDED[setting].rule(before, after, options)
    assert (reason is None) if refused is None else (refused in str(reason))
