"""Puts the parts together, in the order in which they need each other; and takes them apart."""

import json
from collections.abc import Callable
from pathlib import Path

import yaml

from e2e.cluster import leftovers, processes, teardown
from e2e.cluster.cluster import MODULES as CLUSTER_MODULES
from e2e.cluster.cluster import Cluster
from e2e.cluster.paths import Paths
from e2e.deploy.cloud.fake_aws.network import LISTENER_RULE, TARGET_GROUP
from e2e.deploy.cloud.world import World
from e2e.deploy.engine.engine import MODULES as ENGINE_MODULES
from e2e.deploy.engine.engine import Engine
from e2e.deploy.engine.stacks import Stack
from e2e.load_balancer.running import (
    BINDING_CRD,
    BINDING_DEFINITION,
    READINESS_GATES,
    LoadBalancer,
)
from e2e.monitoring import provide as monitoring
from e2e.platform import preconditions
from e2e.platform.commands import Commands
from e2e.platform.errors import PlatformError
from e2e.platform.platform import Platform
from e2e.platform.registry import Registry
from e2e.programs.build import Toolbox, ensure
from e2e.programs.catalogue import modules_of
from tests.support.ports import free_port

Say = Callable[[str], None]

_PATHS = Paths()


def up(stack: Stack = Stack.PLATFORM, say: Say = print, paths: Paths = _PATHS) -> Platform:
    """Bring up all that `pulumi up` needs, from any earlier leftovers; deploy nothing.

    The registry has the version of the chart.
    """
    if stack.monitored:
        monitoring.require_charts()
    preconditions.check(paths)
    if found := leftovers.find(paths):
        say(f"removing what an earlier run left ({len(found)} things)")
        down(paths)
    say("programs: built once, then taken from the cache")
    tools = _tools(stack)
    cluster = Cluster.up(state=paths.state, say=say)
    try:
        return _assemble(stack, cluster, tools, say)
    except BaseException:
        say(f"logs are kept in {teardown.keep_logs(paths)}")
        down(paths)
        raise


def attach(paths: Paths = _PATHS) -> Platform:
    """Find the platform that another process brought up and kept."""
    try:
        known = json.loads(_memory(paths).read_text())
    except FileNotFoundError:
        raise PlatformError(f"no platform runs from {paths.state}: `make e2e KEEP=1`") from None
    stack = Stack(known["stack"])
    tools = _tools(stack)
    world = _world(paths, known["port"])
    engine = Engine.attach(paths.state, world, tools)
    cluster = Cluster.attach(state=paths.state)
    return _platform(stack, cluster, world, engine, LoadBalancer(paths.state, known["port"]), tools)


def down(paths: Paths = _PATHS) -> list[str]:
    """End and remove everything; gives back what could not be. Needs no programs."""
    if (load_balancer := processes.recorded(paths.processes, "load-balancer")) is not None:
        load_balancer.stop()
    try:
        if (directory := _world_directory(paths)).exists():
            World(directory).down()  # PostgreSQL ends by itself, and leaves no shared memory
    finally:
        left = teardown.down(paths)  # ends what has not ended by itself
    return left


def _assemble(stack: Stack, cluster: Cluster, tools: Toolbox, say: Say) -> Platform:
    paths = cluster.paths
    # `pulumi up` records the port before anything listens there; `attach` must know it, too.
    port = free_port()
    _memory(paths).write_text(json.dumps({"stack": stack, "port": port}))
    world = _world(paths, port)
    engine = Engine.prepare(paths.state, world, tools, stack=stack)
    say(", ".join(f"{name}: {what}" for name, what in sorted(engine.plugins.used.items())))
    cluster.kubectl.apply(BINDING_DEFINITION)
    cluster.kubectl("wait", "--for=condition=Established", BINDING_CRD)
    cluster.kubectl.apply(READINESS_GATES)
    if stack.monitored:
        monitoring.provide(cluster, tools, engine.workspace, say)
    load_balancer = LoadBalancer.start(
        state=paths.state,
        target_group=world.files(TARGET_GROUP),
        rules=world.files(LISTENER_RULE),
        port=port,
    )
    platform = _platform(stack, cluster, world, engine, load_balancer, tools)
    chart = engine.workspace.program / "charts" / "backend" / "Chart.yaml"
    platform.image(str(yaml.safe_load(chart.read_text())["appVersion"]))
    say("image built and imported")
    return platform


def _platform(
    stack: Stack,
    cluster: Cluster,
    world: World,
    engine: Engine,
    load_balancer: LoadBalancer,
    tools: Toolbox,
) -> Platform:
    memory = cluster.paths.state / "registry.json"
    registry = Registry(cluster, world, source=engine.workspace.program, memory=memory)
    registry.start()
    commands = Commands(
        directory=engine.workspace.program,
        environment={**engine.environment, "KUBECONFIG": str(cluster.paths.kubeconfig)},
        helm_program=tools.program("helm"),
        log=cluster.paths.logs / "release.log",
    )
    return Platform(stack, engine, commands, cluster, world, load_balancer, registry)


def _tools(stack: Stack) -> Toolbox:
    modules = {*CLUSTER_MODULES, *ENGINE_MODULES, *(monitoring.MODULES if stack.monitored else ())}
    return ensure(modules_of(tuple(modules)))


def _world(paths: Paths, port: int) -> World:
    return World(_world_directory(paths), kubeconfig=paths.kubeconfig, address=f"127.0.0.1:{port}")


def _world_directory(paths: Paths) -> Path:
    return paths.state / "world"


def _memory(paths: Paths) -> Path:
    return paths.state / "platform.json"
