"""What docs/recovery.md prescribes after a kill, on the whole program and the real engine.

Pods are not needed for it: an API server without nodes, and a chart of one ConfigMap. Seen red:
without what is undone in the cluster, `up` ends with "cannot re-use a name that is still in use";
a plain `up` instead of the recipe makes a second database.
"""

import shutil
from collections.abc import Callable, Iterator

import pytest

from e2e.cluster.cluster import Cluster
from e2e.cluster.processes import wait_until
from e2e.deploy.cloud.world import World
from e2e.deploy.engine.checkpoint import Pending
from e2e.deploy.engine.engine import MODULES, Engine
from e2e.load_balancer.running import BINDING_DEFINITION
from e2e.programs.build import ensure
from e2e.programs.catalogue import modules_of

# Runs before the release's objects, and without nodes for ever.
_HOOK = """\
apiVersion: batch/v1
kind: Job
metadata: {name: never, annotations: {helm.sh/hook: "pre-install,pre-upgrade"}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: never, image: never}]}}}
"""
_CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: backend}
data: {values: {{ .Values | toJson | quote }}}
"""
_DATABASE = "aws:rds/instance:Instance"
_CLUSTER = "aws:eks/cluster:Cluster"
_SECONDS = 120

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster.up(nodes="")
    made.kubectl.apply(BINDING_DEFINITION)
    yield made
    assert made.down() == []


@pytest.fixture
def world(cluster: Cluster) -> Iterator[World]:
    made = World(cluster.paths.state / "world", kubeconfig=cluster.paths.kubeconfig)
    yield made
    made.down()


@pytest.fixture
def engine(cluster: Cluster, world: World) -> Engine:
    made = Engine.prepare(cluster.paths.state, world, ensure(modules_of(MODULES)))
    backend = made.workspace.program / "charts" / "backend"
    (backend / "values.schema.json").unlink()
    shutil.rmtree(backend / "templates")
    (backend / "templates").mkdir()
    (backend / "templates" / "configmap.yaml").write_text(_CONFIG_MAP)
    return made


def kill_when(engine: Engine, condition: Callable[[Pending], bool]) -> set[str]:
    """Kill `pulumi up` in the middle of an operation; give the types of all that are pending."""
    running = engine.start_up()
    found = wait_until(
        lambda: any(map(condition, engine.checkpoint().pending)), seconds=_SECONDS, every=0.05
    )
    running.kill()
    assert found, f"never pending: see {running.log}"
    return {operation.type for operation in engine.checkpoint().pending}


def kill_the_release(engine: Engine) -> None:
    """Kill `pulumi up` while Helm waits for a hook."""
    hook = engine.workspace.program / "charts" / "backend" / "templates" / "hook.yaml"
    hook.write_text(_HOOK)
    kill_when(engine, lambda operation: operation.name == "backend-release")
    hook.unlink()


def unknown_to_the_state(engine: Engine, world: World) -> list[str]:
    known = {resource.id for resource in engine.checkpoint().resources}
    return [one.name for one in world.resources() if one.id not in known]


def test_nothing_is_made_twice_or_forgotten_after_a_kill(engine: Engine, world: World) -> None:
    for type_ in (_DATABASE, "aws:ecr/repository:Repository", _CLUSTER):
        world.slow("create", type_, 6)
    pending = kill_when(engine, lambda operation: operation.type == _CLUSTER)
    world.heal()
    assert len(pending) > 1, "only one operation was under way"
    assert unknown_to_the_state(engine, world)
    engine.repair(world.resources())
    _is_whole(engine, world)
    engine.set("backend.replicas", 3)
    kill_the_release(engine)
    engine.repair(world.resources())
    _is_whole(engine, world)
    engine.destroy()
    assert not world.resources()


def test_a_release_whose_installation_was_killed_is_installed(engine: Engine, world: World) -> None:
    kill_the_release(engine)
    engine.repair(world.resources())
    _is_whole(engine, world)


def _is_whole(engine: Engine, world: World) -> None:
    checkpoint = engine.checkpoint()
    assert not checkpoint.pending
    assert not unknown_to_the_state(engine, world)
    made = [call.name for call in world.ledger() if call.op == "create" and call.type == _DATABASE]
    assert len(made) == 1
    assert engine.up().changed == 0
