"""Our configurations of Alloy and Loki, rendered by real Helm.

Only the programs themselves can confirm that they read them: docs/operations.md has the commands.
"""

from typing import Any

import pytest

from infra import versions
from infra.third_party.charts import chart_values
from tests.support.log_configurations import STACKS, alloy_text, loki_content
from tests.support.plan import ROOT
from tests.support.third_party import rendered

stacks = pytest.mark.parametrize("stack", STACKS)


@stacks
def test_helms_templates_leave_alloys_configuration_as_it_is(stack: str) -> None:
    """The chart reads it as a template first: braces of our own would vanish."""
    values: Any = chart_values(versions.ALLOY_CHART)
    assert alloy_text(stack).strip() == values["alloy"]["configMap"]["content"].strip()


@stacks
def test_lokis_values_agree(stack: str) -> None:
    """Structured metadata needs schema 13 or later, retention a store for its requests."""
    content = loki_content(stack)
    days = {"dev": 7, "prod": 30}[stack]
    assert content["limits_config"]["retention_period"] == f"{days * 24}h"
    assert content["limits_config"]["allow_structured_metadata"]
    assert all(period["schema"] >= "v13" for period in content["schema_config"]["configs"])
    assert content["compactor"]["retention_enabled"]
    store = content["schema_config"]["configs"][-1]["object_store"]
    assert content["compactor"]["delete_request_store"] == store
    assert content["common"]["replication_factor"] == 1
    assert content["memberlist"]["abort_if_cluster_join_fails"] is False


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
