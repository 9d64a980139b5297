"""Puts the parts together, in the order in which they need each other; and takes them apart."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from e2e.cluster import leftovers, processes, teardown
from e2e.cluster.cluster import Cluster
from e2e.cluster.paths import Paths
from e2e.deploy.cloud.fake_aws.balancer import TARGET_GROUP
from e2e.deploy.cloud.world import World
from e2e.deploy.engine.engine import Engine
from e2e.deploy.engine.stacks import Stack
from e2e.deploy.engine.workspace import PROJECT
from e2e.load_balancer.entrance import BINDING_CRD, BINDING_DEFINITION, Entrance
from e2e.platform import monitoring, preconditions, third_party
from e2e.platform.choices import Choices
from e2e.platform.commands import Commands
from e2e.platform.errors import PlatformError
from e2e.platform.registry import Registry
from e2e.programs.build import Toolbox, ensure
from e2e.programs.catalogue import modules_of

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Parts:
    stack: Stack
    cluster: Cluster
    world: World
    engine: Engine
    entrance: Entrance
    registry: Registry
    commands: Commands


def up(paths: Paths, choices: Choices, say: Say) -> Parts:
    """Bring up everything that `pulumi up` needs; the registry has the chart's own version."""
    if choices.stack.monitored:
        third_party.require_monitoring()
    preconditions.check(paths)
    if found := leftovers.find(paths):
        say(f"removing what an earlier run left ({len(found)} things)")
        down(paths)
    say("programs: built once, then taken from the cache")
    tools = ensure(modules_of(choices.modules))
    cluster = Cluster.up(state=paths.state, say=say)
    try:
        return _assemble(cluster, tools, choices, say)
    except BaseException:
        say(f"logs are kept in {teardown.keep_logs(paths)}")
        down(paths)
        raise


def attach(paths: Paths) -> Parts:
    """Find the parts that another process brought up."""
    try:
        choices = Choices.read(_choices_file(paths))
    except FileNotFoundError:
        raise PlatformError(f"no platform runs from {paths.state}: `make e2e KEEP=1`") from None
    tools = ensure(modules_of(choices.modules))
    cluster = Cluster.attach(state=paths.state)
    world = _world(paths, choices)
    engine = Engine.attach(paths.state, world, tools)
    return _parts(choices.stack, cluster, world, engine, Entrance(paths.state), tools)


def down(paths: Paths) -> list[str]:
    """End and remove everything; gives back what could not be. Needs no programs."""
    if (entrance := processes.recorded(paths.processes, "entrance")) is not None:
        entrance.stop()
    try:
        if (directory := _world_directory(paths)).exists():
            World(directory).down()  # PostgreSQL ends by itself, and leaves no shared memory
    finally:
        left = teardown.down(paths)  # ends what has not ended by itself
    return left


def _assemble(cluster: Cluster, tools: Toolbox, choices: Choices, say: Say) -> Parts:
    paths = cluster.paths
    choices.write(_choices_file(paths))
    world = _world(paths, choices)
    engine = Engine.prepare(paths.state, world, tools, stack=choices.stack)
    say(", ".join(f"{name}: {what}" for name, what in sorted(engine.plugins.used.items())))
    cluster.kubectl.apply(BINDING_DEFINITION)
    cluster.kubectl("wait", "--for=condition=Established", BINDING_CRD)
    if choices.stack.monitored:
        monitoring.switch_off(engine.workspace.program)
        monitoring.provide(cluster, tools, _chart_directory(engine), say)
    entrance = Entrance.start(
        state=paths.state,
        kubeconfig=cluster.kubeconfig,
        target_group=world.files(TARGET_GROUP),
        port=choices.port,
    )
    parts = _parts(choices.stack, cluster, world, engine, entrance, tools)
    parts.registry.push(_app_version(engine))
    say("image built and imported")
    return parts


def _parts(
    stack: Stack,
    cluster: Cluster,
    world: World,
    engine: Engine,
    entrance: Entrance,
    tools: Toolbox,
) -> Parts:
    memory = cluster.paths.state / "registry.json"
    registry = Registry(cluster, world, source=engine.workspace.program, memory=memory)
    registry.start()
    commands = Commands(
        directory=engine.workspace.program,
        environment={**engine.environment, "KUBECONFIG": str(cluster.kubeconfig)},
        helm_program=tools.program("helm"),
        log=cluster.paths.logs / "release.log",
    )
    return Parts(stack, cluster, world, engine, entrance, registry, commands)


def _world(paths: Paths, choices: Choices) -> World:
    return World(
        _world_directory(paths),
        kubeconfig=paths.kubeconfig,
        entrance=f"127.0.0.1:{choices.port}",
    )


def _world_directory(paths: Paths) -> Path:
    return paths.state / "world"


def _choices_file(paths: Paths) -> Path:
    return paths.state / "platform.json"


def _chart_directory(engine: Engine) -> Path:
    """Where the stack's settings expect the charts of other projects."""
    config = yaml.safe_load(engine.workspace.stack_file.read_text())["config"]
    return engine.workspace.program / str(config[f"{PROJECT}:addons"]["chartDirectory"])


def _app_version(engine: Engine) -> str:
    chart = engine.workspace.program / "charts" / "backend" / "Chart.yaml"
    return str(yaml.safe_load(chart.read_text())["appVersion"])
