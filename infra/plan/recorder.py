"""Runs a Pulumi program with no engine and no cloud, and records what it declares."""

import asyncio
import contextvars
import logging
import threading
from collections.abc import Callable, Mapping

import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime import mocks, set_all_config
from pulumi.runtime.proto import callback_pb2
from pulumi.runtime.settings import configure, set_root_resource
from pulumi.runtime.stack import run_in_stack

from infra.plan.model import Plan
from infra.plan.monitor import Monitor

# The program's warnings are findings, which the plan prints itself.
logger = logging.getLogger("infra.plan.program")
logger.addHandler(logging.NullHandler())
logger.propagate = False


class EmptyProgramError(Exception):
    """The program ended without registering any resource."""


def record(
    program: Callable[[], None], *, project: str, stack: str, config: Mapping[str, str]
) -> Plan:
    """Run `program` to its end and return everything it registered.

    Config keys carry the project ("project:key"), values are text or JSON, as from the engine.
    Exceptions of the program (pulumi.RunError among them) pass through.
    """
    monitor = Monitor()

    async def run() -> None:
        set_root_resource(None)  # type: ignore[arg-type]  # the only way to have none
        set_all_config(dict(config), [])
        configure(_settings(monitor, project, stack))
        await run_in_stack(program)

    # The SDK keeps its state in context variables: a copy leaves the caller's untouched.
    contextvars.copy_context().run(asyncio.run, run())
    if not monitor.registrations:
        raise EmptyProgramError(f"the program of stack {stack} registered no resource")
    return Plan(stack=stack, resources=tuple(monitor.planned()), outputs=monitor.outputs)


class _Hooks:
    """Replaces the callback server: the plan has no operations, and no children of components."""

    def register_resource_hook(self, hook: pulumi.ResourceHook) -> None:
        logger.debug("hook %s", hook.name)

    def register_transform(self, transform: pulumi.ResourceTransform) -> callback_pb2.Callback:
        logger.debug("transform %s", transform)
        return callback_pb2.Callback()


def _settings(monitor: Monitor, project: str, stack: str) -> mocks.MockSettings:
    # The SDK's mocks are not annotated.
    info = monitor.GetDeploymentInfo(empty_pb2.Empty())  # type: ignore[no-untyped-call]  # see above
    return mocks.MockSettings(  # type: ignore[no-untyped-call]  # see above
        monitor=monitor,
        monitor_features=set(info.supportedFeatures),
        engine=mocks.MockEngine(logger),
        project=project,
        stack=stack,
        organization="organization",
        # In a preview, an output without an answer would be unknown, and everything that depends on
        # it would be skipped silently.
        dry_run=False,
        outputs=set(),
        lock=threading.Lock(),
        package_refs={},
        callbacks=_Hooks(),
    )
