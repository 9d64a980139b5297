"""The smaller fakes, and a plugin's process: it ends with its engine, but not in the middle."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as wire
from pulumi.runtime.proto import provider_pb2_grpc

from e2e.cluster.processes import Process, wait_until
from e2e.deploy.cloud import environment, fake_random, plugin
from e2e.deploy.cloud.fake_random import PASSWORD
from e2e.deploy.cloud.values import encode, is_secret, reveal
from e2e.deploy.cloud.world import World
from e2e.tests.unit.fake_plugin import Plugin, Refused

# Does as the engine: it starts the plugin, reads the port, and can be killed.
ENGINE = '"$0" 127.0.0.1:1 & echo $!; wait'


def test_passwords_are_random_and_remembered_by_pulumi_alone(world: World) -> None:
    random = Plugin(fake_random.provider(world))
    first, second = (random.create(PASSWORD, "p", length=32, special=False) for _ in range(2))
    texts = {reveal(one.state["result"]) for one in (first, second)}
    assert all(len(text) == 32 and text.isalnum() for text in texts)
    assert len(texts) == 2
    assert is_secret(first.state["result"])
    assert random.read(first) == (first.id, first.state, first.inputs)
    assert world.resources() == []
    changed = random.diff(first, length=32, special=False, keepers={"version": "2"})
    assert list(changed.replaces) == ["keepers"]
    with pytest.raises(Refused, match="letters and digits only"):
        random.create(PASSWORD, "p", length=32)


@dataclass(frozen=True)
class Running:
    engine: "subprocess.Popen[str]"
    plugin: Process
    stub: provider_pb2_grpc.ResourceProviderStub

    def ended(self, *, seconds: float) -> bool:
        return wait_until(lambda: not self.plugin.alive, seconds=seconds)


@contextmanager
def running(world: World) -> Iterator[Running]:
    engine = subprocess.Popen(
        ["/bin/sh", "-c", ENGINE, plugin.DIRECTORY / "pulumi-resource-random"],
        env={**os.environ, **world.environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert engine.stdout is not None
    process = Process.of(int(engine.stdout.readline()))
    assert process is not None
    port = int(engine.stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            yield Running(engine, process, provider_pb2_grpc.ResourceProviderStub(channel))
        finally:
            engine.kill()
            engine.wait()
            engine.stdout.close()
            process.stop()


def test_a_create_is_finished_although_the_engine_was_killed(world: World) -> None:
    world.slow("create", "password", 3)
    urn = f"urn:pulumi:stack::project::{PASSWORD}::password"
    inputs = encode({"length": 8, "special": False})
    with running(world) as one:
        call = one.stub.Create.future(wire.CreateRequest(urn=urn, properties=inputs))
        # It has begun when the fault holds it, which nothing outside shows: give it a moment.
        assert not one.ended(seconds=1)
        one.engine.kill()
        del call
        assert not one.ended(seconds=0.5)
        assert one.ended(seconds=10)
    assert [(call.op, call.error) for call in world.ledger()] == [("create", "")]


def test_the_engine_ends_a_plugin_with_a_signal(world: World) -> None:
    """The engine gives each 5 s, one after the other."""
    with running(world) as one:
        one.stub.Cancel(empty_pb2.Empty())
        one.plugin.send(signal.SIGINT)
        assert one.ended(seconds=2)


def test_outside_of_tests_it_refuses_to_start() -> None:
    variables = {key: value for key, value in os.environ.items() if key != environment.WORLD}
    done = subprocess.run(
        [plugin.DIRECTORY / "pulumi-resource-aws"],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "FAKE_CLOUD is not set" in done.stderr
