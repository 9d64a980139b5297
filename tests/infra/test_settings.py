"""Every mistake in a stack's configuration says what is wrong, the value, and what to do."""

from collections.abc import Callable, Mapping

import pytest

from infra.settings import SettingsError
from tests.support.plan import Tree, plan_with

Change = Callable[[Tree], None]


def setting(path: str, value: object) -> Change:
    """Return a change of one setting, named by its dotted path."""

    def change(values: Tree) -> None:
        *groups, name = path.split(".")
        for group in groups:
            values = values[group]
        values[name] = value

    return change


def removed(path: str) -> Change:
    def change(values: Tree) -> None:
        *groups, name = path.split(".")
        for group in groups:
            values = values[group]
        del values[name]

    return change


def refusal(*changes: Change) -> str:
    def change(values: Tree) -> None:
        for one in changes:
            one(values)

    with pytest.raises(SettingsError) as caught:
        plan_with(change)
    return str(caught.value)


def refused_each(mistakes: Mapping[str, tuple[Change, str, str]]) -> Callable[..., None]:
    """Make the test of such a table: test_network_settings.py and test_node_settings.py call it."""

    @pytest.mark.parametrize(("change", "what", "remedy"), mistakes.values(), ids=mistakes.keys())
    def test(change: Change, what: str, remedy: str) -> None:
        message = refusal(change)
        assert what in message
        assert remedy in message

    return test


# (what is changed, the setting that is named, the value that is repeated, what to do)
MISTAKES = {
    "a class of logs that does not fit": (
        setting("cluster.logClass", "DELIVERY"),
        "cluster.logClass: 'DELIVERY' is invalid",
        "Expected STANDARD, or INFREQUENT_ACCESS",
    ),
    "access logs that are kept for no day": (
        setting("loadBalancer", {"accessLogDays": 0}),
        "loadBalancer.accessLogDays: 0 is invalid",
        "Expected days that access logs are kept",
    ),
    "a retention that CloudWatch does not know": (
        setting("cluster.logRetentionDays", 31),
        "cluster.logRetentionDays: 31 is not a retention that CloudWatch Logs supports",
        "Use one of 1, 3, 5, 7, 14, 30",
    ),
    "an access entry for no role": (
        setting("cluster.accessEntries", {"ops": {"principalArn": "ops", "access": "admin"}}),
        "cluster.accessEntries.ops.principalArn: 'ops' is invalid",
        "Expected an IAM role or user, arn:aws:iam::<account>:role/<name>",
    ),
    "two access entries for one principal": (
        setting(
            "cluster.accessEntries",
            {
                name: {"principalArn": "arn:aws:iam::123456789012:role/ops", "access": access}
                for name, access in (("a", "admin"), ("b", "view"))
            },
        ),
        "cluster.accessEntries.b.principalArn: arn:aws:iam::123456789012:role/ops has the entry a",
        "Name each principal once",
    ),
    "an address twice": (
        setting("observability.notifications", {"emails": ["a@example.com"] * 2}),
        "observability.notifications.emails: ['a@example.com', 'a@example.com'] is invalid: names",
        "Expected addresses that get e-mails",
    ),
    "fewer nodes at most than at least": (
        setting("nodes.groups.general.max", 1),
        "nodes.groups.general.max: max 1 is below min 2",
        "Raise max or lower min",
    ),
    "spot nodes alone": (
        setting("nodes.groups.general.capacity", "spot"),
        "nodes.groups: no group always has on-demand nodes",
        "Add a group with capacity on-demand",
    ),
    "a ceiling below the size": (
        setting("database.storageGb", 50),
        "database.storageCeilingGb: 40 GB is below the size of 50 GB (database.storageGb)",
        "Raise it to 55 or more",
    ),
    "a ceiling that RDS refuses": (
        setting("database.storageGb", 38),
        "database.storageCeilingGb: 40 GB is less than a tenth above the size of 38 GB",
        "Raise it to 42 or more",
    ),
    "no backups": (
        setting("database.backupDays", 0),
        "database.backupDays: 0 is invalid",
        "Expected days that backups are kept, 1 to 35",
    ),
    "backups copied to the same region": (
        setting("database.backupCopyRegion", "us-east-1"),
        "database.backupCopyRegion: us-east-1 is the region of the stack",
        "Name another region",
    ),
    "backups copied to another partition": (
        setting("database.backupCopyRegion", "us-gov-west-1"),
        "database.backupCopyRegion: us-gov-west-1 is in another partition than us-east-1",
        "describe-source-regions",
    ),
    "a key of another region": (
        setting("database.kmsKey", "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"),
        "database.kmsKey: arn:aws:kms:eu-west-1:123456789012:key/1234abcd is not in us-east-1",
        "Name a key that begins with arn:aws:kms:us-east-1:",
    ),
    "an alias in place of a key": (
        setting("database.kmsKey", "alias/mine"),
        "database.kmsKey: 'alias/mine' is invalid",
        "ARN of a KMS key of your own",
    ),
    "a time that is neither now nor the window": (
        setting("database.applyChanges", "later"),
        "database.applyChanges: 'later' is invalid",
        "window (Sunday 04:00 UTC",
    ),
    "a log that RDS does not write": (
        setting("database.logExports", ["audit"]),
        "database.logExports.0: 'audit' is invalid",
        "postgresql, upgrade",
    ),
    "a database class that nobody knows": (
        setting("database.instanceClass", "db.huge"),
        "database.instanceClass: this program does not know the class 'db.huge'",
        "Use one of db.t3.micro",
    ),
    "more connections than the database has": (
        setting("backend.databasePoolSize", 8),
        (
            "backend.databasePoolSize: 10 replicas with 8 connections each, the worker, a migration"
            " and the exporter need 93 connections,"
            " but only 67 are available on db.t3.micro (80 % of 84)"
        ),
        "Lower backend.databasePoolSize or backend.maxReplicas, or choose a larger",
    ),
    "fewer replicas at most than at least": (
        setting("backend.maxReplicas", 1),
        "backend.maxReplicas: maxReplicas 1 is below replicas 2",
        "Raise maxReplicas or lower replicas",
    ),
    "an unknown log level": (
        setting("backend.logLevel", "loud"),
        "backend.logLevel: 'loud' is invalid",
        "Expected debug, info, warning or error",
    ),
    "a text that begins like a list": (
        setting("region", "[us-east-1"),
        "region: '[us-east-1' is invalid",
        "Expected AWS region",
    ),
    "a misspelt setting": (
        setting("database.multiAZ", True),
        "database.multiAZ: is not a setting",
        "Did you mean 'multiAz'?",
    ),
    "a misspelt group": (
        setting("databse", {}),
        "databse: is not a setting",
        "Did you mean 'database'?",
    ),
    "a setting like no other": (
        setting("nodes.groups.general.colour", "blue"),
        "nodes.groups.general.colour: is not a setting",
        "Known settings: instanceTypes, capacity, min, max",
    ),
    "a version without quotes": (
        setting("cluster.version", 1.35),
        "cluster.version: 1.35 is invalid: is a number, which loses zeros",
        'write it in quotes, "1.35"',
    ),
    "a version in other digits": (
        setting("database.version", "15.\uff11\uff18"),
        "database.version: '15.\uff11\uff18' is invalid",
        "Expected PostgreSQL major in quotes",
    ),
    "a version without an end": (
        setting("database.version", "15." + "9" * 5000),
        "99' is invalid",
        "Expected PostgreSQL major in quotes",
    ),
    "an account in other digits": (
        setting("allowedAccountId", "\uff11" * 12),
        "allowedAccountId: '\uff11",
        "12 digits in quotes",
    ),
    "a boundary without an end": (
        setting("permissionsBoundary", "arn:aws:iam::123456789012:policy/" + "x" * 641),
        "permissionsBoundary: 'arn:aws:iam::123456789012:policy/xxx",
        "the policy that limits every role",
    ),
    "a name in place of an address": (
        setting("observability.notifications", {"emails": ["on-call"]}),
        "observability.notifications.emails.0: 'on-call' is invalid",
        "Expected addresses that get e-mails",
    ),
    "an account that is none": (
        setting("allowedAccountId", "12345"),
        "allowedAccountId: '12345' is invalid",
        "12 digits in quotes",
    ),
}


test_a_mistake_is_refused_with_its_name_its_value_and_what_to_do = refused_each(MISTAKES)


def test_all_mistakes_are_reported_at_once_and_name_the_file() -> None:
    message = refusal(
        setting("nodes.groups.general.max", 1),
        setting("cluster.publicEndpointCidrs", []),
        setting("database.storageGb", 50),
    )
    head, *problems = message.splitlines()
    assert head == "Pulumi.dev.yaml describes a deployment that cannot work:"
    assert [problem.split(":")[0] for problem in problems] == [
        "  - cluster.publicEndpointCidrs",
        "  - nodes.groups.general.max",
        "  - database.storageCeilingGb",
    ]


def test_a_secret_that_is_refused_is_not_repeated() -> None:
    wrong = {"receiver": "webhook", "url": 5150}
    message = refusal(setting("observability.notifications", wrong))
    assert "observability.notifications.url: the value is invalid" in message
    assert "5150" not in message


def test_a_refusal_is_printed_by_pulumi_without_a_stack_trace() -> None:
    import pulumi  # noqa: PLC0415  only this test needs the SDK itself

    assert issubclass(SettingsError, pulumi.RunError)


def test_text_from_the_command_line_is_read_as_what_it_means() -> None:
    """`pulumi config set --path` writes numbers and truth values as text."""
    plan = plan_with(
        lambda values: values["database"].update({"storageCeilingGb": "60", "multiAz": "true"})
    )
    database = plan["database-instance"].inputs
    assert (database["maxAllocatedStorage"], database["multiAz"]) == (60, True)
