"""Prometheus' rules: those of rule files and PrometheusRules, and Prometheus' own tool for them."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from infra.monitoring.platform_rules import RULES
from tests.support.chart import CHART, Tree, load
from tests.support.tools import require_tool

BACKEND_FILES = sorted((CHART / "files" / "rules").glob("*.yaml"))
PLATFORM_FILES = sorted(RULES.glob("*.yaml"))
_FILLED_IN = re.compile(r"{{.*?}}")


def rules_of(documents: Iterable[Tree]) -> Iterator[Tree]:
    """Yield every rule, in order; a document is what has `groups`."""
    for document in documents:
        for group in document["groups"]:
            yield from group["rules"]


def alerts_of(documents: Iterable[Tree]) -> Iterator[Tree]:
    """Yield the rules that are alerts, and not recordings."""
    return (rule for rule in rules_of(documents) if "alert" in rule)


def promtool(*arguments: str | Path) -> str:
    """Run Prometheus' own tool; return what it printed."""
    done = subprocess.run(  # noqa: S603  our own arguments
        [require_tool("promtool", package="prometheus"), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_rules(groups: Iterable[Tree], folder: Path) -> str:
    """Have promtool check these groups."""
    file = folder / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": list(groups)}))
    return promtool("check", "rules", file)


def run_unit_tests(path: Path, folder: Path) -> None:
    """Run promtool's unit tests of one file of rules.

    They repeat no sentence of an alert. Its only annotation is `filled`: what Prometheus filled
    into summary and description, in this order.
    """
    # Changed as text: YAML would read a series such as 0x40 as a number.
    head, tests = path.read_text().split("\n", maxsplit=1)
    [rule_file] = yaml.safe_load(head)["rule_files"]
    rules = load(path.parent / rule_file)
    for alert in alerts_of([rules]):
        texts = (alert["annotations"][name] for name in ("summary", "description"))
        filled = ", ".join(_FILLED_IN.findall(" ".join(texts)))
        alert["annotations"] = {"filled": filled} if filled else {}
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules))
    file = folder / "tests.yaml"
    file.write_text(f"rule_files: [rules.yaml]\n{tests}")
    promtool("test", "rules", file)
