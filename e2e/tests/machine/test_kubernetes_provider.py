"""What `pulumi up` and `make release` rely on, proven on the real Kubernetes provider."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.cluster.cluster import Cluster
from e2e.deploy.engine.engine import MODULES
from e2e.deploy.engine.plugins import Plugins
from e2e.load_balancer.entrance import BINDING_CRD, BINDING_DEFINITION
from e2e.programs.build import Toolbox, ensure
from e2e.programs.catalogue import modules_of
from e2e.tests.machine.provider_facts.deployment import Deployment

_NUMBERS = itertools.count(1)

Deploy = Callable[..., Deployment]


@pytest.fixture(scope="module")
def toolbox() -> Toolbox:
    return ensure(modules_of(MODULES))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """An API server without nodes."""
    with Cluster.up(nodes="") as made:
        made.kubectl.apply(BINDING_DEFINITION)
        made.kubectl("wait", "--for=condition=Established", BINDING_CRD)
        yield made


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Plugins:
    return Plugins.choose(fakes=tmp_path_factory.mktemp("no-fakes"))


@pytest.fixture
def deploy(tmp_path: Path, cluster: Cluster, plugins: Plugins, toolbox: Toolbox) -> Deploy:
    """Make a stack in a new namespace and bring it up."""

    def make(**config: object) -> Deployment:
        directory = tmp_path / f"facts-{next(_NUMBERS)}"
        made = Deployment.create(directory, cluster, plugins, toolbox, **config)
        made.up()
        return made

    return make


def test_nothing_changed_is_no_change(deploy: Deploy) -> None:
    app = deploy()
    assert app.deployed() == {"tag": "first", "replicas": "2"}
    assert app.up().changed == 0
    assert app.refresh().changed == 0
    assert app.up().changed == 0


def test_a_released_tag_survives_up_and_refresh(deploy: Deploy) -> None:
    app = deploy()
    app.release("second")
    assert app.up().changed == 0
    assert app.refresh().changed == 0
    assert app.up().changed == 0
    assert app.deployed()["tag"] == "second"


def test_a_released_tag_survives_another_value(deploy: Deploy) -> None:
    app = deploy()
    app.release("second")
    assert app.up(replicas=3).changes["update"] == 1
    assert app.deployed() == {"tag": "second", "replicas": "3"}


def test_a_released_tag_survives_another_value_after_a_refresh(deploy: Deploy) -> None:
    app = deploy()
    app.release("second")
    app.refresh()
    assert app.up(replicas=3).changed == 1
    assert app.deployed() == {"tag": "second", "replicas": "3"}


def test_a_changed_template_arrives_only_with_a_new_chart_version(deploy: Deploy) -> None:
    app = deploy()
    app.edit("templates/configmap.yaml", "data:", 'data:\n  more: "yes"')
    assert app.up().changed == 0
    assert "more" not in app.deployed()
    app.edit("Chart.yaml", "version: 1.0.0", "version: 1.0.1")
    assert app.up().changes["update"] == 1
    assert app.deployed()["more"] == "yes"


def test_a_new_default_arrives_with_a_release_and_not_with_up(deploy: Deploy) -> None:
    app = deploy()
    app.release("second")
    app.edit("values.yaml", "replicas: 1", "replicas: 1\nadded: default")
    added = "data:{{ with .Values.added }}\n  added: {{ . | quote }}{{ end }}"
    app.edit("templates/configmap.yaml", "data:", added)
    app.edit("Chart.yaml", "version: 1.0.0", "version: 1.1.0")
    assert app.up().changes["update"] == 1
    assert "added" not in app.deployed()
    app.release("third")
    assert app.deployed()["added"] == "default"
    assert app.up().changed == 0
    app.up(replicas=3)
    assert app.deployed() == {"tag": "third", "replicas": "3", "added": "default"}


def test_without_reuse_values_any_change_loses_the_tag(deploy: Deploy) -> None:
    app = deploy(reuseValues=False)
    app.release("second")
    app.up(replicas=3)
    assert app.deployed() == {"tag": "first", "replicas": "3"}


@pytest.mark.parametrize("ignore", ["", "values.image.tag"])
def test_a_tag_of_the_program_comes_back_with_any_change(deploy: Deploy, ignore: str) -> None:
    app = deploy(tag="programs", ignore=ignore)
    app.release("second")
    assert app.up().changed == 0
    assert app.deployed()["tag"] == "second"
    app.up(replicas=3)
    assert app.deployed() == {"tag": "programs", "replicas": "3"}


@pytest.mark.parametrize("ignore", ["", "values.image.tag", "values"])
def test_a_tag_of_the_program_comes_back_after_a_refresh(deploy: Deploy, ignore: str) -> None:
    app = deploy(tag="programs", ignore=ignore)
    app.release("second")
    app.refresh()
    app.up()
    assert app.deployed()["tag"] == "programs"


def test_a_mutable_secret_is_changed_in_place(deploy: Deploy) -> None:
    app = deploy(secretMutable=True)
    before = app.secret()
    app.set_password("second")
    assert app.up().changes["update"] == 1
    assert app.secret() == ("second", before[1])
    assert app.up().changed == 0


def test_a_secret_is_replaced_where_nobody_says_mutable(deploy: Deploy) -> None:
    app = deploy()
    before = app.secret()
    app.set_password("second")
    assert app.up().changes["replace"] == 1
    password, uid = app.secret()
    assert password == "second"
    assert uid != before[1]


def test_the_state_holds_the_password_only_encrypted(deploy: Deploy) -> None:
    app = deploy(secretMutable=True)
    for password in ("correct-horse", "battery-staple"):
        app.set_password(password)
        app.up()
    app.refresh()
    clear = [
        path
        for folder in (app.workspace.backend, app.workspace.directory / "logs")
        for path in folder.rglob("*")
        for password in (b"correct-horse", b"battery-staple", b"Y29ycmVjdC1ob3JzZ")
        if path.is_file() and password in path.read_bytes()
    ]
    assert not clear


def test_what_exists_already_is_taken_over(
    tmp_path: Path, cluster: Cluster, plugins: Plugins, toolbox: Toolbox
) -> None:
    """Released providers such as 4.32.0 refuse it: docs/operations.md imports what exists."""
    name = f"facts-{next(_NUMBERS)}"
    cluster.kubectl("create", "namespace", name)
    app = Deployment.create(tmp_path / name, cluster, plugins, toolbox)
    app.up()
    assert app.deployed() == {"tag": "first", "replicas": "2"}


def test_a_custom_resource_is_changed_in_place(deploy: Deploy) -> None:
    app = deploy()
    before = app.get("targetgroupbinding", "app")
    assert app.up(port=8000).changes["update"] == 1
    after = app.get("targetgroupbinding", "app")
    assert after["spec"]["serviceRef"]["port"] == 8000
    assert after["metadata"]["uid"] == before["metadata"]["uid"]


def test_what_somebody_changed_is_seen_and_put_right(deploy: Deploy) -> None:
    app = deploy()
    patch = '{"spec": {"serviceRef": {"port": 81}}}'
    scope = f"--namespace={app.namespace}"
    app.cluster.kubectl(
        "patch", "targetgroupbinding/app", scope, "--type=merge", f"--patch={patch}"
    )
    assert app.refresh().changes["update"] == 1
    assert app.up().changes["update"] == 1
    assert app.get("targetgroupbinding", "app")["spec"]["serviceRef"]["port"] == 80


def test_destroy_leaves_nothing(deploy: Deploy) -> None:
    app = deploy()
    result = app.destroy()
    deleted = [operation.name for operation in result.operations if operation.op == "delete"]
    assert deleted.index("release") < deleted.index("namespace")
    found = app.cluster.kubectl("get", "namespace", app.namespace, "--ignore-not-found")
    assert not found
