"""`make plan`: run the Pulumi program without an AWS account, print and write what it declares."""

import argparse
import json
import os
import runpy
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pulumi

from infra.config.findings import Finding, Severity
from infra.plan.comparison import compare, is_document
from infra.plan.model import Json, Plan
from infra.plan.node_lines import node_lines
from infra.plan.project import ProjectError, read_stack
from infra.plan.recorder import record
from infra.plan.render import render
from infra.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
# That of `prod` has half a megabyte. What is longer ends in the middle, and is no JSON.
LARGEST_PLAN_BYTES = 64 * 1024 * 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Plan one stack; print the errors and return 1 if its settings are wrong."""
    parser = argparse.ArgumentParser(prog="python -m infra.plan", description=__doc__)
    parser.add_argument("--stack", default="dev", help="Pulumi.<stack>.yaml to plan (dev)")
    parser.add_argument(
        "--root", type=Path, default=ROOT, help="folder with Pulumi.yaml (this repository)"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("build/plan.json"), help="file to write"
    )
    parser.add_argument(
        "--since", type=Path, help="an earlier plan.json; refused changes end with status 1"
    )
    options = parser.parse_args(arguments)
    try:
        # First, because it may be the file that is written below.
        old = read_plan(options.since) if options.since else None
        plan, settings = plan_stack(options.root, options.stack, new=old is None)
    except (ProjectError, pulumi.RunError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    document = as_json(plan, settings.findings)
    comparison = compare(old, json.loads(document), settings) if old else None
    refused = bool(comparison and comparison.refused)
    color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    nodes = node_lines(settings.options)
    text = render(plan, settings.findings, nodes=nodes, comparison=comparison, color=color)
    sys.stdout.write(text)
    if refused and options.since.resolve() == options.output.resolve():
        # A second run would compare the refused change with itself.
        sys.stdout.write(f"\n\nNot written, because of the refused changes: {options.output}\n")
        return 1
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(document)
    sys.stdout.write(f"\n\nWritten: {options.output}\n")
    return int(refused)


def plan_stack(root: Path, stack: str, *, new: bool = True) -> tuple[Plan, Settings]:
    """Run __main__.py itself with the configuration of one stack, as of today.

    What AWS no longer creates is an error for a `new` stack.
    """
    config = read_stack(root, stack)
    loaded: list[Settings] = []

    stop = {Severity.ERROR, *([Severity.ERROR_IF_NEW] if new else [])}

    def program() -> None:
        loaded.append(load_settings(datetime.now(UTC).date(), stop))
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    plan = record(program, project=config.project, stack=config.stack, config=config.values)
    return plan, loaded[0]


def read_plan(path: Path) -> dict[str, Json]:
    """Read a plan.json that an earlier run wrote."""
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(LARGEST_PLAN_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise ProjectError(f"SINCE={path} cannot be read: {error}") from None
    if not is_document(document):
        raise ProjectError(f"SINCE={path} is not a plan. Name a plan.json that `make plan` wrote.")
    return document


def as_json(plan: Plan, findings: Sequence[Finding]) -> str:
    """Return the contents of plan.json."""
    document = {
        "stack": plan.stack,
        "resources": [resource.as_json() for resource in plan.resources],
        "outputs": plan.outputs,
        "findings": [finding.as_dict() for finding in findings],
    }
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main())
