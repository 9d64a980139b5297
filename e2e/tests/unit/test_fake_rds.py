"""Behind an RDS instance of the fake AWS is a PostgreSQL, which a client cannot tell from RDS.

That a rotated password applies, that it stops and comes back, and that a class waits for the
window, is shown by drills.
"""

import asyncio
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import pytest

from e2e.deploy.cloud import postgres
from e2e.deploy.cloud.errors import CloudError
from e2e.deploy.cloud.fake_aws import catalogue, network, rds, rds_changes
from e2e.deploy.cloud.fake_aws.services import KEY
from e2e.deploy.cloud.postgres import PostgresServer
from e2e.deploy.cloud.values import Properties, secret
from e2e.deploy.cloud.world import World
from e2e.tests.unit.fake_plugin import Created, Plugin, Refused

PASSWORD = "first-password-of-the-instance"
CHANGED = "second-password-of-the-instance"
CONNECTIONS = "SHOW max_connections"


@dataclass(frozen=True)
class Rds:
    aws: Plugin
    world: World
    instance: Created
    parameters: Created

    @property
    def server(self) -> PostgresServer:
        return self.world.postgres

    @property
    def inputs(self) -> Properties:
        return {key: value for key, value in self.instance.inputs.items() if key != "tagsAll"}

    async def ask(
        self, statement: str, *, password: str = PASSWORD, encrypted: bool = True
    ) -> object:
        """Give the one value that the database answers a user on a new connection."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        settings = self.server.settings
        connection = await asyncpg.connect(
            host=settings.host,
            port=settings.port,
            user=settings.user,
            password=password,
            database=settings.database,
            ssl=context if encrypted else False,
        )
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()


def _parameters(**values: str) -> list[Properties]:
    return [
        {"name": name.replace("__", "."), "value": value, "applyMethod": "immediate"}
        for name, value in values.items()
    ]


def _instance(aws: Plugin, parameters: Created) -> Created:
    vpc = aws.create(network.VPC, "vpc", cidrBlock="10.0.0.0/16")
    subnets = [
        aws.create(network.SUBNET, zone, vpcId=vpc.id, cidrBlock=block, availabilityZone=zone).id
        for zone, block in (("us-east-1a", "10.0.1.0/24"), ("us-east-1b", "10.0.2.0/24"))
    ]
    group = aws.create(rds.SUBNET_GROUP, "subnets", subnetIds=subnets)
    return aws.create(
        rds.INSTANCE,
        "database",
        allocatedStorage=20,
        instanceClass="db.t3.micro",
        storageEncrypted=True,
        engine="postgres",
        engineVersion="15",
        username="observability",
        dbName="observability",
        password=secret(PASSWORD),
        dbSubnetGroupName=group.id,
        parameterGroupName=parameters.id,
        skipFinalSnapshot=True,
    )


@pytest.fixture(scope="module")
def fake() -> Iterator[Rds]:
    # Short, since a socket's path may have 107 bytes, and open to the user that PostgreSQL runs as.
    root = Path(tempfile.mkdtemp(prefix="rds-"))
    root.chmod(0o755)
    world = World(root / "world")
    aws = Plugin(catalogue.provider(world))
    try:
        # The log shows every statement: no password may be in one.
        values = _parameters(rds__force_ssl="1", max_connections="23", log_statement="all")
        group = aws.create(
            rds.PARAMETER_GROUP, "parameters", family="postgres15", parameters=values
        )
        yield Rds(aws, world, _instance(aws, group), group)
    finally:
        assert "PostgreSQL" in world.down()
        shutil.rmtree(root)


async def test_the_user_owns_a_database_that_has_its_parameters(fake: Rds) -> None:
    settings = fake.server.settings
    assert fake.instance.state["endpoint"] == f"{settings.host}:{settings.port}"
    await fake.ask("CREATE TABLE mine AS SELECT 1 AS id")
    await fake.ask("DROP TABLE mine")
    assert not await fake.ask("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    assert await fake.ask(CONNECTIONS) == "23"


async def test_clear_text_and_another_password_are_refused(fake: Rds) -> None:
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="no encryption"):
        await fake.ask("SELECT 1", encrypted=False)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await fake.ask("SELECT 1", password="another")


async def test_a_changed_parameter_group_reaches_its_instances(fake: Rds) -> None:
    values = _parameters(rds__force_ssl="0", max_connections="23", work_mem="5MB")
    changed = fake.aws.update(fake.parameters, parameters=values)
    assert await fake.ask("SHOW work_mem", encrypted=False) == "5MB"
    fake.aws.update(changed, parameters=fake.parameters.inputs["parameters"])


async def test_no_file_and_no_command_line_holds_a_password(fake: Rds) -> None:
    changed = fake.aws.update(fake.instance, password=secret(CHANGED))
    await fake.ask("SELECT 1", password=CHANGED)
    lines = await asyncio.to_thread(subprocess.check_output, ["/bin/ps", "-eo", "args"])
    assert str(fake.world.directory).encode() in lines
    files = {path: path.read_bytes() for path in fake.world.directory.rglob("*") if path.is_file()}
    assert any(path.name == "log" for path in files)
    for place, content in [*files.items(), ("ps", lines)]:
        assert PASSWORD.encode() not in content, place
        assert CHANGED.encode() not in content, place
    fake.aws.update(changed, password=secret(PASSWORD))


def test_a_second_instance_has_a_place_of_its_own_and_leaves_nothing(fake: Rds) -> None:
    second = fake.aws.create(rds.INSTANCE, "other", **fake.inputs | {"identifier": "other"})
    with pytest.raises(CloudError, match="2 databases, not one"):
        _ = fake.server
    assert second.state["endpoint"] != fake.instance.state["endpoint"]
    fake.aws.delete(second)
    assert fake.server.running


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"password": secret("short")}, "MasterUserPassword"),
        ({"password": secret("with/slash-in-it")}, "MasterUserPassword"),
        ({"engineVersion": "12"}, "Cannot find version 12 for postgres"),
        ({"engineVersion": "15.7"}, r"Cannot find version 15\.7 for postgres"),
        ({"engineVersion": "15.17"}, r"Cannot find upgrade path from 15\.18 to 15\.17"),
        ({"engineVersion": "16"}, "AllowMajorVersionUpgrade flag must be present"),
        ({"allocatedStorage": 10}, "20 GB of storage cannot become 10"),
        (
            {"engineVersion": "16", "allowMajorVersionUpgrade": True},
            "the parameter group is of postgres15",
        ),
    ],
)
def test_what_rds_refuses(fake: Rds, changes: Properties, why: str) -> None:
    with pytest.raises(Refused, match=why):
        fake.aws.update(fake.instance, **changes)


def test_a_group_stays_while_an_instance_waits_to_leave_it(fake: Rds) -> None:
    group = fake.aws.create(rds.PARAMETER_GROUP, "sixteen", family="postgres16", parameters=[])
    later = fake.aws.update(
        fake.instance,
        engineVersion="16",
        allowMajorVersionUpgrade=True,
        parameterGroupName=group.id,
    )
    assert later.state["engineVersion"] == "15"
    with pytest.raises(Refused, match="DependencyViolation"):
        fake.aws.delete(fake.parameters)
    fake.aws.update(
        later,
        engineVersion="15",
        allowMajorVersionUpgrade=None,
        parameterGroupName=fake.parameters.id,
    )
    fake.aws.delete(group)


def test_storage_changes_once_in_six_hours(fake: Rds, monkeypatch: pytest.MonkeyPatch) -> None:
    made = fake.aws.create(rds.INSTANCE, "growing", **fake.inputs | {"identifier": "growing"})
    grown = fake.aws.update(made, allocatedStorage=30, applyImmediately=True)
    with pytest.raises(Refused, match="previous storage change is being optimized"):
        fake.aws.update(grown, allocatedStorage=40)
    monkeypatch.setattr(rds_changes, "OPTIMIZING", 0)
    assert fake.aws.update(grown, allocatedStorage=40).state["allocatedStorage"] == 40
    fake.aws.delete(grown)


@pytest.mark.parametrize(
    ("region", "key_region", "why"),
    [
        ("us-east-1", "us-east-1", "source and copies are both in us-east-1"),
        ("us-west-2", None, "Encrypted instances require a valid KMS key ID"),
        ("us-west-2", "us-east-1", "is no key of us-west-2"),
        ("us-west-2", "us-west-2", None),
    ],
)
def test_backups_are_copied_to_another_region_with_a_key_there(
    fake: Rds, region: str, key_region: str | None, why: str | None
) -> None:
    given = {"region": region, "sourceDbInstanceArn": fake.instance.state["arn"]}
    if key_region:
        given["kmsKeyId"] = fake.aws.create(KEY, "key", region=key_region).state["arn"]
    if why:
        with pytest.raises(Refused, match=why):
            fake.aws.create(rds.REPLICATION, "copies", **given)
        return
    made = fake.aws.create(rds.REPLICATION, "copies", **given)
    with pytest.raises(Refused, match="replicating already"):
        fake.aws.create(rds.REPLICATION, "again", **given)
    fake.aws.delete(made)


def test_it_is_not_deleted_without_a_snapshot_or_a_word(fake: Rds) -> None:
    state = fake.instance.state | {"skipFinalSnapshot": False}
    with pytest.raises(Refused, match="FinalDBSnapshotIdentifier is required"):
        fake.aws.delete(replace(fake.instance, state=state))


def test_a_failed_creation_leaves_nothing(fake: Rds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "BINARIES", Path("/nonexistent"))
    with pytest.raises(Refused, match="apt-get install postgresql-15"):
        fake.aws.create(rds.INSTANCE, "third", **fake.inputs | {"identifier": "third"})
    assert len(list((fake.world.directory / PostgresServer.FOLDER).iterdir())) == 1
