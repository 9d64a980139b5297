"""The program that a configuration describes: its components, wired as its references say.

Stdlib alone. It looks every second; real Alloy passes changes on as they come.
"""

import functools
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from e2e.load_balancer.fake_controller.api import Api
from e2e.monitoring.alloy import targets
from e2e.monitoring.alloy.check import problems
from e2e.monitoring.alloy.entry import Entry
from e2e.monitoring.alloy.errors import AlloyError
from e2e.monitoring.alloy.files import (
    PATH,
    Position,
    Positions,
    labels_of,
    matching,
    new_lines,
)
from e2e.monitoring.alloy.pods import Discovery
from e2e.monitoring.alloy.push import Writer
from e2e.monitoring.alloy.relabel import relabelled, rules
from e2e.monitoring.alloy.stages import pipeline
from e2e.monitoring.alloy.syntax import Block, parse
from e2e.monitoring.alloy.values import arguments

Targets: TypeAlias = list[dict[str, str]]
Receiver: TypeAlias = Callable[[Entry], None]


class Agent:
    """Everything of one configuration; a changed one is another agent."""

    def __init__(
        self, text: str, *, api: Api, environment: Mapping[str, str], storage: Path
    ) -> None:
        configuration = parse(text)
        if found := problems(configuration):
            raise AlloyError("\n".join(found))
        self._api, self._environment, self._storage = api, environment, storage
        self.discoveries: list[Discovery] = []
        self.writers: dict[str, Writer] = {}
        self._sources: list[_Source] = []
        self._targets: dict[str, Callable[[], Targets]] = {}
        self._receivers: dict[str, Receiver] = {}
        self._outbox: dict[str, list[Entry]] = {}
        for block in configuration.blocks:
            self._add(block)
        self._unsaved: list[tuple[_Source, dict[str, Position]]] = []

    def start(self) -> None:
        for discovery in self.discoveries:
            discovery.start()

    def stop(self) -> None:
        for discovery in self.discoveries:
            discovery.stop()

    def step(self) -> None:
        """Read what is new and send it. A position is kept only after Loki has the lines."""
        if not any(self._outbox.values()):
            self._unsaved = [(source, source.read()) for source in self._sources]
        for name, entries in self._outbox.items():
            if entries and self.writers[name].send(entries):
                entries.clear()
        if not any(self._outbox.values()):
            for source, read in self._unsaved:
                source.positions.update(read)
            self._unsaved = []

    def _add(self, block: Block) -> None:
        add = {
            "logging": lambda each: arguments(each, ("level", "format")),
            "discovery.kubernetes": self._add_discovery,
            "discovery.relabel": self._add_relabel,
            "local.file_match": self._add_file_match,
            "loki.source.file": self._add_source,
            "loki.process": self._add_process,
            "loki.write": self._add_writer,
        }.get(block.name)
        if add is None:
            raise AlloyError(f"line {block.line}: the stand-in executes no {block.name}")
        add(block)

    def _add_discovery(self, block: Block) -> None:
        discovery = Discovery(block, self._api, self._environment)
        self.discoveries.append(discovery)
        self._targets[f"{block.identity}.targets"] = lambda: discovery.targets

    def _add_relabel(self, block: Block) -> None:
        source: str = arguments(block, ("targets",), blocks=("rule",))["targets"]
        steps = rules(block)
        for name in (name for step in steps for name in step.source_labels):
            targets.check_source(name)
        output = f"{block.identity}.output"
        self._targets[output] = lambda: relabelled(self._found(source), steps)

    def _add_file_match(self, block: Block) -> None:
        source: str = arguments(block, ("path_targets",))["path_targets"]
        found = f"{block.identity}.targets"
        self._targets[found] = lambda: list(matching(self._found(source)))

    def _add_source(self, block: Block) -> None:
        given = arguments(block, ("targets", "forward_to"))
        source: str = given["targets"]
        positions = Positions(self._storage / block.identity / "positions.json")
        forward = self._forward(given["forward_to"])
        # Looked up when it reads: a component may stand below those that use it.
        find = functools.partial(self._found, source)
        self._sources.append(_Source(find, positions, forward))

    def _found(self, name: str) -> Targets:
        return self._targets[name]()

    def _add_process(self, block: Block) -> None:
        stages = [inner for inner in block.blocks if inner.name.startswith("stage.")]
        names = {inner.name for inner in stages}
        forward = self._forward(arguments(block, ("forward_to",), blocks=names)["forward_to"])
        run = pipeline(stages)

        def process(entry: Entry) -> None:
            # Stages find an entry's labels among what was extracted, too.
            entry.extracted |= entry.labels
            if (result := run(entry)) is not None:
                forward(result)

        self._receivers[f"{block.identity}.receiver"] = process

    def _add_writer(self, block: Block) -> None:
        self.writers[block.identity] = Writer(block)
        outbox = self._outbox.setdefault(block.identity, [])
        self._receivers[f"{block.identity}.receiver"] = outbox.append

    def _forward(self, receivers: list[str]) -> Receiver:
        def forward(entry: Entry) -> None:
            for name in receivers:
                self._receivers[name](entry)

        return forward


class _Source:
    """`loki.source.file`."""

    def __init__(
        self, find: Callable[[], Targets], positions: Positions, forward: Receiver
    ) -> None:
        self._find, self.positions, self._forward = find, positions, forward

    def read(self) -> dict[str, Position]:
        """Forward every new line; give how far each file was read."""
        read: dict[str, Position] = {}
        for target in self._find():
            path = target[PATH]
            lines, position = new_lines(Path(path), self.positions[path])
            for line in lines:
                self._forward(Entry(labels_of(target), line, time.time_ns()))
            if position is not None:
                read[path] = position
        return read
