"""The list of drills: the contract's names, and figures with the contract's names."""

import pytest

from e2e.deploy.engine.stacks import Stack
from e2e.drills import registry
from e2e.drills.registry import UnknownDrillError, chosen, drills
from e2e.drills.secrecy import Keeper

BOTH = {
    "preview": {"resources", "seconds"},
    "up": {"resources", "seconds"},
    "up-again": {"changes"},
    "refresh": {"changes"},
    "destroy": {"resources_left"},
    "secrets": {"found", "searched_bytes"},
}
PLATFORM = {
    "app-upgrade": {"requests", "failed_requests", "tag_after_up"},
    "rollback": {"requests", "failed_requests"},
    "bad-release": {"requests", "failed_requests"},
    "pod-kill": {"failed_requests", "accepted_lost", "window_s", "recovered_s"},
    "pod-hang": {"failed_requests", "accepted_lost", "window_s", "recovered_s"},
    "release-stuck": {"failed_requests"},
    "node-kill": {"window_s", "window_allowed_s", "recovered_s", "rescheduled_s"},
    "drain": {"requests", "failed_requests"},
    "database-outage": {"accepted", "accepted_lost", "recovered_s", "restarts"},
    "password-rotation": {
        "requests",
        "failed_requests",
        "window_s",
        "accepted_lost",
        "restarts",
    },
    "hpa": {"replicas_max", "seconds"},
    "up-fails": {"pending", "resources"},
    "engine-killed": {"pending", "resources"},
}
MONITORING = {
    "monitoring": {"pods", "volumes", "memory"},
    "scraped": {"targets", "rules"},
    "correlated": {"exemplar_s", "trace_s", "log_s", "spans"},
    "alert-path": {"scraped_to_stored_s", "direct_s", "resolved_s"},
    "backend-away": {"direct_s"},
    "third-party": {"objects_dev", "objects_prod"},
}


@pytest.mark.parametrize(
    ("stack", "own"), [(Stack.PLATFORM, PLATFORM), (Stack.OBSERVABILITY, MONITORING)]
)
def test_every_drill_owes_its_figures(stack: Stack, own: dict[str, set[str]]) -> None:
    assert {drill.name: set(drill.owes) for drill in drills(Keeper(), stack)} == BOTH | own


def test_a_subset_leaves_out_what_the_stack_has_not() -> None:
    found = [drill.name for drill in chosen(Keeper(), subset="ci", of=Stack.OBSERVABILITY)]
    assert found == ["preview", "up", "up-again", "refresh", "destroy", "secrets"]


@pytest.mark.parametrize(
    ("names", "subset", "message"),
    [
        (["pod-kil"], "", r"no drill is called pod-kil: choose from preview, up, "),
        ([], "night", r"no subset is called night: choose from ci"),
    ],
)
def test_an_unknown_name_is_a_sentence(names: list[str], subset: str, message: str) -> None:
    with pytest.raises(UnknownDrillError, match=message):
        registry.chosen(Keeper(), names, subset=subset)
