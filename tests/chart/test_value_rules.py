"""What must hold between values: each broken rule is named, with the value and the fix."""

import pytest

from tests.support.chart import RenderError, Tree, ci_values, merged, render


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image": {"repository": ""}}, "image.repository is empty: set it"),
        ({"database": {"host": ""}}, "database.host is empty: set it"),
        ({"database": {"name": ""}}, "database.name is empty: set it"),
        ({"database": {"user": ""}}, "database.user is empty: set it"),
        ({"database": {"existingSecret": ""}}, "database.existingSecret is empty: create a Secret"),
        ({"auth": {"existingSecret": ""}}, "auth.existingSecret is empty: create a Secret"),
        (
            {
                "shutdown": {
                    "preStopSeconds": 30,
                    "gracefulSeconds": 20,
                    "terminationGracePeriodSeconds": 50,
                }
            },
            "terminationGracePeriodSeconds is 50, but preStopSeconds (30) and gracefulSeconds (20)",
        ),
        (
            {"autoscaling": {"minReplicas": 11}},
            "autoscaling.minReplicas is 11, more than maxReplicas, 10",
        ),
        (
            {"loadBalancer": {"cidrs": []}},
            "loadBalancer.cidrs is empty: set it to the load balancer's",
        ),
        (
            {"podLabels": {"app.kubernetes.io/name": "mine"}},
            "podLabels contains app.kubernetes.io/name, by which the chart selects its pods",
        ),
        (
            {"databaseExporter": {"enabled": True}, "database": {"sslMode": "prefer"}},
            "the exporter does not support database.sslMode prefer: set require",
        ),
        ({"podAnnotations": {"checksum/config": "0"}}, "podAnnotations contains checksum/config"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_broken_rule_is_named_with_its_fix(changes: Tree, message: str) -> None:
    with pytest.raises(RenderError) as caught:
        render(merged(ci_values(), changes))
    assert message in str(caught.value)


def test_all_broken_rules_are_named_at_once() -> None:
    with pytest.raises(RenderError) as caught:
        render({})
    named = [
        "image.repository",
        "database.host",
        "database.name",
        "database.user",
        "auth.existingSecret",
    ]
    assert [name for name in named if f"- {name} is empty" not in str(caught.value)] == []


@pytest.mark.parametrize(
    "changes",
    [
        {
            "shutdown": {
                "preStopSeconds": 30,
                "gracefulSeconds": 20,
                "terminationGracePeriodSeconds": 51,
            }
        },
        {"autoscaling": {"minReplicas": 10}},
        {"autoscaling": {"enabled": False, "minReplicas": 11}},
        {"loadBalancer": {"cidrs": []}, "networkPolicy": {"enabled": False}},
    ],
    ids=[
        "grace just long enough",
        "min is max",
        "autoscaling is off",
        "no load balancer, no policy",
    ],
)
def test_the_nearest_legal_value_passes(changes: Tree) -> None:
    render(merged(ci_values(), changes))
