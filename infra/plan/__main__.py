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

from infra.config.findings import Finding
from infra.plan.model import Plan
from infra.plan.project import ProjectError, read_stack
from infra.plan.recorder import record
from infra.plan.render import render
from infra.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]


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
    options = parser.parse_args(arguments)
    try:
        plan, findings = plan_stack(options.root, options.stack)
    except (ProjectError, pulumi.RunError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _write(options.output, plan, findings)
    color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    sys.stdout.write(f"{render(plan, findings, color=color)}\n\nWritten: {options.output}\n")
    return 0


def plan_stack(root: Path, stack: str) -> tuple[Plan, tuple[Finding, ...]]:
    """Run __main__.py itself with the configuration of one stack, as of today."""
    config = read_stack(root, stack)
    findings: tuple[Finding, ...] = ()

    def program() -> None:
        nonlocal findings
        findings = load_settings(today=datetime.now(UTC).date()).findings
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    plan = record(program, project=config.project, stack=config.stack, config=config.values)
    return plan, findings


def as_json(plan: Plan, findings: Sequence[Finding]) -> str:
    """Return the contents of plan.json."""
    document = {
        "stack": plan.stack,
        "resources": [resource.as_json() for resource in plan.resources],
        "outputs": plan.outputs,
        "findings": [finding.as_dict() for finding in findings],
    }
    return json.dumps(document, indent=2) + "\n"


def _write(path: Path, plan: Plan, findings: Sequence[Finding]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_json(plan, findings))


if __name__ == "__main__":
    sys.exit(main())
