"""The stand-in for AWS under the real engine, with changes that the platform's drills do not make.

Needs no cluster.
"""

import asyncio
import json
import shutil
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from e2e.deploy.cloud.fake_aws import database, network
from e2e.programs.build import Toolbox, ensure
from e2e.programs.catalogue import modules_of
from e2e.tests.machine.cloud_facts.deployment import Deployment

pytestmark = pytest.mark.timeout(400)  # the first test also waits for the first `up`

RESOURCES = 8


@pytest.fixture(scope="module")
def toolbox() -> Toolbox:
    return ensure(modules_of(("pulumi",)))


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """Short, since a socket's path may have 107 bytes, and open to the user postgres."""
    made = Path(tempfile.mkdtemp(prefix="facts-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def deployed(directory: Path, toolbox: Toolbox) -> Iterator[Deployment]:
    deployment = Deployment.create(directory / "facts", toolbox)
    try:
        deployment.up()
        yield deployment
    finally:
        deployment.world.down()


@pytest.fixture
def stack(deployed: Deployment) -> Iterator[Deployment]:
    """Found as it was first deployed, and left so."""
    yield deployed
    if deployed.reset():
        deployed.up()


def happened(stack: Deployment, since: int) -> list[str]:
    calls = stack.world.ledger(since)
    return [f"{call.op} {call.type.rpartition(':')[2]} {call.name}" for call in calls]


async def _login(endpoint: str, password: str) -> None:
    host, _, port = endpoint.partition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = await asyncpg.connect(
        host=host, port=int(port), user="facts", password=password, database="facts", ssl=context
    )
    await connection.close()


def takes(stack: Deployment, password: str) -> bool:
    try:
        asyncio.run(_login(stack.output("endpoint"), password))
    except asyncpg.InvalidPasswordError:
        return False
    return True


def test_nothing_changed_is_no_change(stack: Deployment) -> None:
    since = len(stack.world.ledger())
    assert (stack.up().changed, stack.refresh().changed, stack.up().changed) == (0, 0, 0)
    assert happened(stack, since) == []
    assert takes(stack, stack.output("password"))
    assert not takes(stack, "another password")


def test_drift_is_seen_by_refresh_and_repaired_by_up(stack: Deployment) -> None:
    file = stack.world.outputs(network.VPC, "vpc")
    record = json.loads(file.read_text())
    file.write_text(json.dumps(record | {"tagsAll": {"Project": "somebody else's"}}))
    assert stack.refresh().changes["update"] == 1
    since = len(stack.world.ledger())
    stack.up()
    assert happened(stack, since) == ["update Vpc vpc"]
    assert json.loads(file.read_text())["tagsAll"] == {"Project": "facts"}


def test_one_property_changes_in_place(stack: Deployment) -> None:
    stack.configure(backupDays="14")
    assert "~ backupRetentionPeriod: 7 => 14" in stack.preview().text
    since = len(stack.world.ledger())
    stack.up()
    assert happened(stack, since) == ["update Instance database"]


def test_a_rotated_password_is_the_databases_own(stack: Deployment) -> None:
    old = stack.output("password")
    since = len(stack.world.ledger())
    stack.configure(passwordVersion="2")
    stack.up()
    assert happened(stack, since) == [
        "create RandomPassword password",
        "update Instance database",
        "delete RandomPassword password",
    ]
    assert takes(stack, stack.output("password"))
    assert not takes(stack, old)


def test_another_database_name_makes_another_database_first(stack: Deployment) -> None:
    stack.configure(databaseName="other")
    since = len(stack.world.ledger())
    stack.up()
    assert happened(stack, since) == ["create Instance database", "delete Instance database"]
    assert stack.world.postgres.running
    assert len([one for one in stack.world.resources() if one.type == database.INSTANCE]) == 1


def test_a_misspelt_property_is_refused_by_the_preview(stack: Deployment) -> None:
    stack.configure(mistake="property")
    text = stack.preview(ok=False).text
    assert "ingress[0].descripton" in text
    assert "did you mean 'description'?" in text


def test_a_reference_to_nothing_is_refused(stack: Deployment) -> None:
    stack.configure(mistake="reference")
    text = stack.up(ok=False).text
    assert "refers to 'subnet-00000000000000000', which does not exist" in text


def test_destroy_goes_in_reverse_order_and_leaves_nothing(
    directory: Path, toolbox: Toolbox
) -> None:
    stack = Deployment.create(directory / "gone", toolbox)
    try:
        assert stack.preview().changes == {"create": RESOURCES + 2}  # the stack, the provider
        assert stack.world.resources() == []
        stack.up()
        made = [call.name for call in stack.world.ledger()]
        stack.destroy()
        gone = [call.name for call in stack.world.ledger(len(made))]
        assert sorted(made) == sorted(gone)
        for first, then in (
            ("database", "places"),
            ("database", "parameters"),
            ("database", "group"),
            ("places", "subnet-a"),
            ("subnet-a", "vpc"),
            ("group", "vpc"),
        ):
            assert gone.index(first) < gone.index(then)
            assert made.index(first) > made.index(then)
        assert stack.checkpoint().resources == ()
        assert stack.world.resources() == []
    finally:
        assert stack.world.down() == []
