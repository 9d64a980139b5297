"""The configurations of Loki and Alloy as the charts render them, for tests and for a look by hand.

`python -m tests.support.log_configurations` writes them into build/ (docs/operations.md).
"""

import sys

import yaml

from infra import versions
from tests.support.chart import Tree
from tests.support.chart_archives import ChartError, find
from tests.support.plan import ROOT
from tests.support.third_party import rendered

STACKS = ("dev", "prod")


def alloy_text(stack: str) -> str:
    return str(rendered(versions.ALLOY_CHART, stack)["ConfigMap", "alloy"]["data"]["config.alloy"])


def loki_text(stack: str) -> str:
    return str(rendered(versions.LOKI_CHART, stack)["ConfigMap", "loki"]["data"]["config.yaml"])


def loki_content(stack: str) -> Tree:
    content: Tree = yaml.safe_load(loki_text(stack))
    return content


def main() -> None:
    """Write them; what only AWS knows stays a placeholder."""
    try:
        for chart in (versions.LOKI_CHART, versions.ALLOY_CHART):
            find(chart.archive)
    except ChartError as error:
        sys.exit(str(error))
    folder = ROOT / "build"
    folder.mkdir(exist_ok=True)
    files = {f"loki-{stack}.yaml": loki_text(stack) for stack in STACKS}
    # The same for every stack, which test_log_configurations.py holds.
    files["config.alloy"] = alloy_text(STACKS[0])
    for name, text in files.items():
        (folder / name).write_text(text)
        sys.stdout.write(f"build/{name}\n")


if __name__ == "__main__":
    main()
