"""A plugin's process: it ends with its engine, but not in the middle of something."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as wire
from pulumi.runtime.proto import provider_pb2_grpc

from e2e.cluster.processes import Process, wait_until
from e2e.deploy.cloud import environment
from e2e.deploy.cloud.fake_random import PASSWORD
from e2e.deploy.cloud.values import encode
from e2e.deploy.cloud.world import World

# Stands in for the engine: it starts the plugin, reads the port, and can be killed.
ENGINE = '"$0" 127.0.0.1:1 & echo $!; wait'


@dataclass(frozen=True)
class Running:
    engine: "subprocess.Popen[str]"
    plugin: Process
    stub: provider_pb2_grpc.ResourceProviderStub

    def begin_create(self) -> object:
        """Ask and do not wait; the call is cancelled when nobody holds it any more."""
        urn = f"urn:pulumi:stack::project::{PASSWORD}::password"
        return self.stub.Create.future(
            wire.CreateRequest(urn=urn, properties=encode({"length": 8}))
        )


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@contextmanager
def running(world: World) -> Iterator[Running]:
    program = world.plugins / "pulumi-resource-random"
    engine = subprocess.Popen(
        ["/bin/sh", "-c", ENGINE, program],
        env={**os.environ, **world.environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert engine.stdout is not None
    plugin = Process.of(int(engine.stdout.readline()))
    assert plugin is not None
    port = int(engine.stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            yield Running(engine, plugin, provider_pb2_grpc.ResourceProviderStub(channel))
        finally:
            engine.kill()
            engine.wait()
            engine.stdout.close()
            plugin.stop()


def ended(plugin: Process, *, seconds: float) -> bool:
    return wait_until(lambda: not plugin.alive, seconds=seconds)


def test_an_idle_plugin_ends_with_a_killed_engine(world: World) -> None:
    with running(world) as one:
        assert one.stub.GetPluginInfo(empty_pb2.Empty()).version == "4.21.4"
        one.engine.kill()
        assert ended(one.plugin, seconds=5)


def test_a_create_is_finished_although_the_engine_was_killed(world: World) -> None:
    world.slow("create", "password", 3)
    with running(world) as one:
        call = one.begin_create()
        # It has begun when the fault holds it, which nothing outside shows: give it a moment.
        assert not ended(one.plugin, seconds=1)
        one.engine.kill()
        del call
        assert not ended(one.plugin, seconds=0.5)
        assert ended(one.plugin, seconds=10)
    assert [(call.op, call.error) for call in world.ledger()] == [("create", "")]


def test_the_engine_ends_a_plugin_with_a_signal(world: World) -> None:
    """The engine gives each 5 s, one after the other."""
    with running(world) as one:
        one.stub.Cancel(empty_pb2.Empty())
        one.plugin.send(signal.SIGINT)
        assert ended(one.plugin, seconds=2)


def test_outside_of_tests_it_refuses_to_start(world: World) -> None:
    variables = {key: value for key, value in os.environ.items() if key != environment.WORLD}
    done = subprocess.run(
        [world.plugins / "pulumi-resource-aws"],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "STANDIN_WORLD is not set" in done.stderr
