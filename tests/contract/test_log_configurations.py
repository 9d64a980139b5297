"""Our configurations of Alloy and Loki, rendered by real Helm, against what both document.

The programs themselves judge by hand (docs/operations.md): they are not built here (docs/adr/0061).
"""

from collections.abc import Iterator
from typing import Any

import pytest
import re2  # type: ignore[import-untyped]  # the wheel has no types

from e2e.monitoring import logql
from e2e.monitoring.alloy import targets
from e2e.monitoring.alloy.check import problems as problems_of_alloy
from e2e.monitoring.alloy.syntax import Array, Attribute, Block, Literal, parse
from e2e.monitoring.loki.check import disagreements, problems
from infra import versions
from infra.config.charts import chart_values
from tests.support.log_configurations import STACKS, alloy_text, loki_content
from tests.support.plan import ROOT
from tests.support.third_party import rendered

stacks = pytest.mark.parametrize("stack", STACKS)
# Arguments that Alloy compiles as regular expressions of RE2, which knows no look-around.
EXPRESSIONS = {"regex", "expression"}


def attributes(block: Block) -> Iterator[Attribute]:
    yield from block.attributes.values()
    for inner in block.blocks:
        yield from attributes(inner)


def texts(stack: str, names: set[str]) -> list[str]:
    """Give the strings of every argument with one of these names."""
    found = [each.value for each in attributes(parse(alloy_text(stack))) if each.name in names]
    items = [item for each in found for item in (each.items if isinstance(each, Array) else [each])]
    return [str(item.value) for item in items if isinstance(item, Literal)]


@stacks
def test_alloy_documents_everything_that_its_configuration_has(stack: str) -> None:
    assert problems_of_alloy(parse(alloy_text(stack))) == []


@stacks
def test_helms_templates_leave_alloys_configuration_as_it_is(stack: str) -> None:
    """The chart reads it as a template first: braces of our own would vanish."""
    values: Any = chart_values(versions.ALLOY_CHART)
    assert alloy_text(stack).strip() == values["alloy"]["configMap"]["content"].strip()


def test_alloys_configuration_is_one_for_all_stacks() -> None:
    assert len({alloy_text(stack) for stack in STACKS}) == 1


@stacks
def test_alloys_expressions_are_of_re2(stack: str) -> None:
    found = texts(stack, EXPRESSIONS)
    assert found
    for expression in found:
        re2.compile(expression)


def test_re2_refuses_what_python_takes() -> None:
    with pytest.raises(re2.error):
        re2.compile("(?!x)y")


@stacks
def test_alloy_relabels_by_labels_that_pods_have(stack: str) -> None:
    """A label that no target has is no error to Alloy: the rule just never matches."""
    names = texts(stack, {"source_labels"})
    assert len(names) >= 5
    for name in names:
        targets.check_source(name)


@stacks
def test_alloys_selectors_are_logql(stack: str) -> None:
    [selector] = texts(stack, {"selector"})
    assert logql.parse(selector).label_filters == ()


@stacks
def test_loki_documents_everything_that_its_configuration_has(stack: str) -> None:
    assert problems(loki_content(stack)) == []


@stacks
def test_lokis_values_agree(stack: str) -> None:
    assert disagreements(loki_content(stack)) == []


@stacks
def test_alloy_makes_no_more_labels_than_loki_takes(stack: str) -> None:
    """Five of the relabelling and `level`; what a pod is called must not become one by one."""
    names = {name for name in texts(stack, {"target_label"}) if not name.startswith("__")}
    limit = loki_content(stack)["limits_config"].get("max_label_names_per_series", 15)
    assert names == {"namespace", "pod", "container", "service_name"}
    assert len(names) < limit


@pytest.mark.parametrize(
    ("chart", "kind", "name"),
    [
        (versions.LOKI_CHART, "StatefulSet", "loki"),
        (versions.ALLOY_CHART, "DaemonSet", "alloy"),
    ],
)
def test_the_check_by_hand_is_with_the_images_of_the_charts(
    chart: versions.HelmChart, kind: str, name: str
) -> None:
    pod = rendered(chart)[kind, name]["spec"]["template"]["spec"]
    [image] = [each["image"] for each in pod["containers"] if each["name"] == name]
    assert f" {image} " in (ROOT / "docs" / "operations.md").read_text()
