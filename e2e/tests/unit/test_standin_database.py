"""Behind an RDS instance of the stand-in is a PostgreSQL, which a client cannot tell from RDS."""

import os
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import pytest

from e2e.deploy.cloud.errors import StandInError
from e2e.deploy.cloud.fake_aws import database, network
from e2e.deploy.cloud.fake_aws.cloud import Aws
from e2e.deploy.cloud.fake_aws.servers import Servers
from e2e.deploy.cloud.postgres import PostgresServer
from e2e.deploy.cloud.records import Records
from e2e.deploy.cloud.values import Secret, Values
from e2e.deploy.cloud.world import World
from e2e.tests.unit.standin_plugin import Created, Plugin, Refused
from tests.support import postgres

PASSWORD = "first-password-of-the-instance"
CHANGED = "second-password-of-the-instance"


@dataclass(frozen=True)
class Rds:
    aws: Plugin
    world: World
    instance: Created
    parameters: Created

    @property
    def server(self) -> PostgresServer:
        return self.world.postgres

    async def connect(
        self, password: str = PASSWORD, *, encrypted: bool = True
    ) -> "asyncpg.Connection[asyncpg.Record]":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
            host=self.server.host,
            port=self.server.port,
            user="observability",
            password=password,
            database="observability",
            ssl=context if encrypted else False,
        )
        return connection


def _parameters(**values: str) -> list[Values]:
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
    group = aws.create(database.SUBNET_GROUP, "subnets", subnetIds=subnets)
    return aws.create(
        database.INSTANCE,
        "database",
        instanceClass="db.t3.micro",
        engine="postgres",
        engineVersion="15",
        username="observability",
        dbName="observability",
        password=Secret(PASSWORD),
        dbSubnetGroupName=group.id,
        parameterGroupName=parameters.id,
        skipFinalSnapshot=True,
    )


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Go away with its database, whatever the tests find."""
    # Short, since a socket's path may have 107 bytes, and open to the user that PostgreSQL runs as.
    root = Path(tempfile.mkdtemp(prefix="rds-"))
    root.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        # Debian's: the embedded one knows no TLS.
        patch.setenv("STANDIN_POSTGRES_BIN", str(postgres.binaries("15")))
        made = World(root / "world")
        try:
            yield made
        finally:
            for server in Servers(made.directory / "postgres").existing():
                server.destroy()
            shutil.rmtree(root)


@pytest.fixture(scope="module")
def rds(world: World) -> Iterator[Rds]:
    cloud = Aws(Records(world.directory), Servers(world.directory / "postgres"))
    with Plugin.serving(cloud) as aws:
        # The log shows every statement: no password may be in one.
        values = _parameters(rds__force_ssl="1", max_connections="23", log_statement="all")
        group = aws.create(
            database.PARAMETER_GROUP, "parameters", family="postgres15", parameters=values
        )
        yield Rds(aws, world, _instance(aws, group), group)
    left = world.down()
    assert any("PostgreSQL" in line for line in left)
    assert not list((world.directory / "postgres").iterdir())


async def test_the_outputs_lead_to_a_database_that_has_its_parameters(rds: Rds) -> None:
    assert rds.instance.state["endpoint"] == f"{rds.server.host}:{rds.server.port}"
    assert rds.instance.state["address"] == "127.0.0.1"
    connection = await rds.connect()
    assert await connection.fetchval("SHOW max_connections") == "23"
    assert await connection.fetchval("SHOW server_encoding") == "UTF8"
    await connection.close()


async def test_the_user_owns_the_database_and_is_no_superuser(rds: Rds) -> None:
    connection = await rds.connect()
    await connection.execute("CREATE TABLE mine (id int); DROP TABLE mine")
    assert not await connection.fetchval(
        "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    )
    await connection.close()


async def test_clear_text_is_refused(rds: Rds) -> None:
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="no encryption"):
        await rds.connect(encrypted=False)


async def test_another_password_is_refused(rds: Rds) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await rds.connect("another")


async def test_a_changed_password_applies_to_new_connections_only(rds: Rds) -> None:
    opened = await rds.connect()
    changed = rds.aws.update(rds.instance, password=Secret(CHANGED))
    assert await opened.fetchval("SELECT 1") == 1
    await opened.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await rds.connect(PASSWORD)
    await (await rds.connect(CHANGED)).close()
    rds.aws.update(changed, password=Secret(PASSWORD))
    await (await rds.connect()).close()


async def test_connections_are_cut_and_the_superuser_is_answered(rds: Rds) -> None:
    server = rds.server
    before = server.cut_connections()
    opened = [await rds.connect() for _ in range(2)]
    assert server.cut_connections() == 2, f"{before} were open before"
    for connection in opened:
        with pytest.raises(
            (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
        ):
            await connection.fetchval("SELECT 1")
    assert server.sql("SELECT 1, 'a'; SELECT 2") == "1|a\n2"
    assert server.sql("SELECT current_database()", database="observability") == "observability"


async def test_it_is_stopped_and_comes_back_at_the_same_place(rds: Rds) -> None:
    port = rds.server.port
    rds.server.stop()
    assert not rds.server.running
    with pytest.raises(ConnectionRefusedError):
        await rds.connect()
    rds.server.start()
    rds.server.restart()
    assert (rds.server.running, rds.server.port) == (True, port)
    await (await rds.connect()).close()


async def test_a_changed_parameter_group_reaches_its_instances(rds: Rds) -> None:
    values = _parameters(rds__force_ssl="0", max_connections="23", work_mem="5MB")
    changed = rds.aws.update(rds.parameters, parameters=values)
    connection = await rds.connect(encrypted=False)
    assert await connection.fetchval("SHOW work_mem") == "5MB"
    await connection.close()
    rds.aws.update(changed, parameters=rds.parameters.inputs["parameters"])


def test_no_file_and_no_command_line_holds_a_password(rds: Rds) -> None:
    secrets = [PASSWORD.encode(), CHANGED.encode()]
    files = [file for file in rds.world.directory.rglob("*") if file.is_file()]
    assert any(file.name == "log" for file in files)
    for file in files:
        content = file.read_bytes()
        assert not [one for one in secrets if one in content], file
    lines = subprocess.run(["/bin/ps", "-eo", "args"], capture_output=True, check=True).stdout
    assert str(rds.world.directory).encode() in lines
    assert not [one for one in secrets if one in lines]


def test_a_second_instance_has_a_place_of_its_own_and_leaves_nothing(rds: Rds) -> None:
    inputs = {key: value for key, value in rds.instance.inputs.items() if key != "tagsAll"}
    second = rds.aws.create(database.INSTANCE, "other", **{**inputs, "identifier": "other"})
    with pytest.raises(StandInError, match="2 databases, not one"):
        _ = rds.server
    assert second.state["endpoint"] != rds.instance.state["endpoint"]
    rds.aws.delete(second)
    assert rds.server.running


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"password": Secret("short")}, "MasterUserPassword"),
        ({"password": Secret("with/slash-in-it")}, "MasterUserPassword"),
        ({"engineVersion": "12"}, "Cannot find version 12 for postgres"),
        ({"engineVersion": "15.7"}, r"Cannot find version 15\.7 for postgres"),
        ({"engineVersion": "16"}, "AllowMajorVersionUpgrade flag must be present"),
        (
            {"engineVersion": "16", "allowMajorVersionUpgrade": True},
            "the parameter group is of postgres15",
        ),
    ],
)
def test_what_rds_refuses(rds: Rds, changes: Values, why: str) -> None:
    with pytest.raises(Refused, match=why):
        rds.aws.update(rds.instance, **changes)


def test_it_is_not_deleted_without_a_snapshot_or_a_word(rds: Rds) -> None:
    state = {**rds.instance.state, "skipFinalSnapshot": False}
    with pytest.raises(Refused, match="FinalDBSnapshotIdentifier is required"):
        rds.aws.delete(replace(rds.instance, state=state))


def test_a_failed_creation_leaves_nothing(rds: Rds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDIN_POSTGRES_BIN", "/nonexistent")
    inputs = {key: value for key, value in rds.instance.inputs.items() if key != "tagsAll"}
    before = os.listdir(rds.world.directory / "postgres")  # noqa: PTH208  names are enough
    with pytest.raises(Refused, match="apt-get install postgresql-15"):
        rds.aws.create(database.INSTANCE, "third", **{**inputs, "identifier": "third"})
    assert os.listdir(rds.world.directory / "postgres") == before  # noqa: PTH208  as above


def test_a_world_without_a_database_says_so(tmp_path: Path) -> None:
    with pytest.raises(StandInError, match="0 databases, not one"):
        _ = World(tmp_path).postgres


def test_the_address_is_known_only_when_it_is_made(rds: Rds) -> None:
    preview = rds.aws.preview(database.INSTANCE, "x", **_without(rds.instance, "tagsAll"))
    assert preview["address"] != rds.instance.state["address"]


def _without(known: Created, key: str) -> dict[str, object]:
    return {name: value for name, value in known.inputs.items() if name != key}
