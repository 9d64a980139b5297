"""The complete list of what is deployed: whoever adds, renames or drops a resource shows it here.

A rename is a replacement on AWS. golden/dev.txt is the stack `dev`; each other file is what its
stack has besides (+) and what it lacks (-). After a change that is meant, write the files anew with
`UPDATE_GOLDEN=1 pytest tests/infra/test_golden.py`, and read their diff.
"""

import difflib
import os
from pathlib import Path

import pytest

from infra.plan.model import Plan
from tests.infra.stacks import VARIANTS
from tests.support.plan import plan_of, plan_with

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("stack", ["dev", "prod", *VARIANTS])
def test_the_stack_is_exactly_these_resources(stack: str) -> None:
    dev = _lines(plan_of("dev"))
    if stack == "dev":
        found = sorted(dev)
    else:
        other = _lines(plan_with(VARIANTS[stack]) if stack in VARIANTS else plan_of(stack))
        found = [*(f"+ {line}" for line in sorted(other - dev))]
        found += [f"- {line}" for line in sorted(dev - other)]
    golden = GOLDEN / f"{stack}.txt"
    if "UPDATE_GOLDEN" in os.environ:
        golden.write_text("".join(f"{line}\n" for line in found))
    expected = golden.read_text().splitlines()
    difference = difflib.unified_diff(expected, found, golden.name, "program", lineterm="")
    assert found == expected, "\n".join(difference)


def _lines(plan: Plan) -> set[str]:
    return {f"{resource.type} {resource.name}" for resource in plan.resources}
