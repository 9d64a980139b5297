"""Alertmanager's configuration as the program makes it, and its own tool on it."""

import copy
import subprocess
from pathlib import Path

import yaml

from infra import versions
from infra.plan.model import Plan
from tests.support.chart import Tree
from tests.support.plan import plan_of
from tests.support.third_party import planned_values
from tests.support.tools import require_tool


def configuration(stack: str) -> Tree:
    """Return the configuration of a stack of ours, to be changed at will."""
    return configuration_of(plan_of(stack))


def configuration_of(plan: Plan) -> Tree:
    values = planned_values(versions.PROMETHEUS_STACK_CHART, plan)
    config: Tree = copy.deepcopy(values["alertmanager"]["config"])
    return config


def as_known_to_debian(config: Tree) -> Tree:
    """Say `url` where Alertmanager 0.25, which Debian has, knows no `url_file` (it is of 0.26)."""
    for receiver in config["receivers"]:
        for webhook in receiver.get("webhook_configs", []):
            if webhook.pop("url_file", None):
                webhook["url"] = "https://hooks.example.com"
    return config


def amtool(config: Tree, folder: Path, *arguments: str) -> str:
    """Run amtool on the configuration and return what it says; an error fails the test."""
    program = require_tool("amtool", package="prometheus-alertmanager")
    file = folder / "alertmanager.yml"
    file.write_text(yaml.safe_dump(config))
    done = subprocess.run(  # noqa: S603  our own arguments
        [program, *(argument.format(file=file) for argument in arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def receivers_of(config: Tree, folder: Path, **labels: str) -> list[str]:
    """Return who gets an alert with these labels, as Alertmanager itself routes it."""
    pairs = [f"{name}={value}" for name, value in labels.items()]
    arguments = ("config", "routes", "test", "--config.file={file}", *pairs)
    return amtool(config, folder, *arguments).strip().split(",")
