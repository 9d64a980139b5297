"""The smaller stand-ins: random, docker-build, and the component eks.Cluster."""

import base64
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi.errors import InputPropertiesError

from e2e.cluster import pki
from e2e.deploy.cloud import kubeconfig
from e2e.deploy.cloud.fake_docker_build import IMAGE, INDEX, DockerBuild
from e2e.deploy.cloud.fake_eks import TYPE, Eks
from e2e.deploy.cloud.fake_random import ID, PASSWORD, Random
from e2e.deploy.cloud.records import Records
from e2e.deploy.cloud.values import UNKNOWN, Secret
from e2e.deploy.cloud.world import World
from e2e.tests.unit.standin_plugin import Plugin, Refused


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def random(world: World) -> Iterator[Plugin]:
    with Plugin.serving(Random(Records(world.directory))) as plugin:
        yield plugin


@pytest.fixture
def docker(world: World) -> Iterator[Plugin]:
    with Plugin.serving(DockerBuild(Records(world.directory))) as plugin:
        yield plugin


def test_passwords_are_secret_and_never_the_same(random: Plugin) -> None:
    results = [random.create(PASSWORD, "password", length=32, special=False) for _ in range(2)]
    values = [one.state["result"] for one in results]
    assert all(isinstance(value, Secret) for value in values)
    texts = [value.value for value in values if isinstance(value, Secret)]
    assert all(len(str(one)) == 32 and str(one).isalnum() for one in texts)
    assert texts[0] != texts[1]


def test_a_password_has_what_its_minimums_say(random: Plugin) -> None:
    made = random.create(
        PASSWORD,
        "password",
        length=64,
        minNumeric=3,
        minSpecial=4,
        overrideSpecial="!",
        lower=False,
    )
    value = made.state["result"]
    assert isinstance(value, Secret)
    drawn = str(value.value)
    assert drawn.count("!") >= 4
    assert sum(letter.isdigit() for letter in drawn) >= 3
    assert not any(letter.islower() for letter in drawn)
    with pytest.raises(Refused, match="no password of length 2"):
        random.create(PASSWORD, "short", length=2, minNumeric=3)


def test_a_keeper_makes_another_one(random: Plugin) -> None:
    first = random.create(PASSWORD, "password", length=32, keepers={"version": "1"})
    changed = random.diff(first, {"length": 32, "keepers": {"version": "2"}})
    assert list(changed.replaces) == ["keepers"]
    assert not random.diff(first, {"length": 32, "keepers": {"version": "1"}}).diffs


def test_random_values_are_in_the_ledger_and_nowhere_else(random: Plugin, world: World) -> None:
    made = random.create(PASSWORD, "password", length=32)
    assert [call.op for call in world.ledger()] == ["create"]
    assert world.resources() == []
    assert random.read(made) == (made.id, made.state, made.inputs)
    random.delete(made)


def test_an_id_is_the_same_in_all_its_spellings(random: Plugin) -> None:
    made = random.create(ID, "suffix", byteLength=4).state
    assert int(str(made["hex"]), 16) == int(str(made["dec"]))
    assert base64.b64decode(str(made["b64Std"])).hex() == made["hex"]


def test_an_image_gets_a_digest_that_follows_its_inputs(docker: Plugin, world: World) -> None:
    tags = ["registry.invalid/backend:1.0.0"]
    registries = [{"address": "registry.invalid", "username": "u", "password": Secret("hidden")}]
    made = docker.create(IMAGE, "image", push=True, tags=tags, registries=registries)
    assert str(made.state["digest"]).startswith("sha256:")
    assert made.state["ref"] == f"registry.invalid/backend@{made.state['digest']}"
    foreseen = docker.preview_update(made, tags=["registry.invalid/backend:1.0.1"])
    assert foreseen["digest"] == UNKNOWN
    other = docker.update(made, tags=["registry.invalid/backend:1.0.1"])
    assert other.state["digest"] != made.state["digest"]
    recorded = world.outputs("docker-build:index:Image", "image").read_text()
    assert "hidden" not in recorded


def test_an_index_has_a_reference(docker: Plugin) -> None:
    index = docker.create(
        INDEX, "index", tag="registry.invalid/backend:1", sources=["a"], push=True
    )
    assert str(index.state["ref"]).startswith("registry.invalid/backend@sha256:")


def test_the_kubeconfig_holds_no_key_and_says_how_to_get_one(tmp_path: Path) -> None:
    pki.write_all(tmp_path / "pki")
    administrator = tmp_path / "kubeconfig"
    administrator.write_bytes((tmp_path / "pki/admin.conf").read_bytes())
    made = json.dumps(kubeconfig.for_pulumi(administrator))
    assert "key-data" not in made
    assert "PRIVATE" not in made
    config = json.loads(made)
    assert config["clusters"][0]["cluster"]["server"] == "https://10.0.11.5:443"
    command = config["users"][0]["user"]["exec"]
    assert command["command"] == "cat"
    file = Path(command["args"][0])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    credential = json.loads(file.read_text())
    assert credential["apiVersion"] == command["apiVersion"]
    key = (tmp_path / "pki/admin.key").read_text()
    assert credential["status"]["clientKeyData"] == key


def test_without_a_cluster_the_kubeconfig_leads_nowhere() -> None:
    assert "https://standin.invalid" in json.dumps(kubeconfig.for_pulumi(None))


def test_the_cluster_component_refuses_what_the_sdk_does_not_have() -> None:
    with pytest.raises(InputPropertiesError) as refused:
        Eks("4.4.0").construct("eks", TYPE, {"vesion": "1.35", "vpcCniOptions": {"logLevl": "x"}})
    assert refused.value.errors is not None
    paths = {problem["property_path"] for problem in refused.value.errors}
    assert paths == {"vesion", "vpcCniOptions.logLevl"}
