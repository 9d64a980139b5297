"""The API does what its OpenAPI document says, whatever is sent: against the real process."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest
import schemathesis
from hypothesis import HealthCheck, assume
from hypothesis import settings as hypothesis_settings
from schemathesis.specs.openapi.checks import negative_data_rejection

from backend.app import create_app
from backend.settings import Settings
from tests.support.process import API, MIGRATE, Process, run, running
from tests.support.settings import environment_of, make_settings

# Made by a fixture: its cases take ten seconds of every process that collects tests otherwise.
SCHEMA = schemathesis.pytest.from_fixture("schema")
# In all, about half a minute: 18 operations, each in a few seconds.
EXAMPLES = 25
MAX_QUERY_CHARACTERS = 15_000
TOKEN = "an-administrators-token-of-some-length"  # made up
# Too large is a way of being wrong, too.
REFUSALS = ["401", "403", "404", "405", "409", "413", "422"]
# A version may be one that was, or will be.
ACCEPTED = ["2xx", "401", "403", "404", "409", "412", "5xx"]

Case: TypeAlias = schemathesis.Case[Any]


class Administrator:
    """Sends the token of an administrator with every request that asks for one."""

    def get(self, _case: Case, _context: schemathesis.AuthContext) -> str:
        return TOKEN

    def set(self, case: Case, token: str, _context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {token}"


@pytest.fixture(scope="module")
def process(
    module_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Process]:
    file = tmp_path_factory.mktemp("token") / "admin-token"
    file.write_text(TOKEN)
    settings = module_settings.model_copy(update={"admin_token_file": file})
    assert run(MIGRATE, environment_of(settings)).returncode == 0
    with running(API, environment_of(settings)) as process:
        yield process


@pytest.fixture(scope="module")
def schema() -> schemathesis.BaseSchema:
    loaded = schemathesis.openapi.from_dict(create_app(make_settings()).openapi())
    checks = loaded.config.checks
    checks.negative_data_rejection.expected_statuses = REFUSALS
    checks.positive_data_acceptance.expected_statuses = ACCEPTED
    loaded.auth()(Administrator)
    return loaded


@pytest.mark.timeout(300)  # one test, with a part for each operation
@SCHEMA.parametrize()
@hypothesis_settings(
    max_examples=EXAMPLES,
    deadline=None,
    # The fixtures live as long as the module: nothing of them is per example.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_api_keeps_its_word(case: Case, process: Process) -> None:
    # The server itself refuses longer addresses, before the application sees them.
    assume(len(str(case.query)) < MAX_QUERY_CHARACTERS)
    case.call_and_validate(base_url=process.base_url(), excluded_checks=excluded_checks(case))


def _without_repetitions(body: object) -> None:
    """A schema cannot say that no address may be in two groups: leave them in the first."""
    if not isinstance(body, dict) or not isinstance(body.get("scrape_targets"), list):
        return
    seen: set[tuple[object, ...]] = set()
    for group in body["scrape_targets"]:
        how = group.get("scheme", "http"), group.get("metrics_path", "/metrics")
        addresses = {target.lower(): (*how, target.lower()) for target in group["targets"]}
        group["targets"] = [host for host, address in addresses.items() if address not in seen]
        seen.update(addresses.values())
    body["scrape_targets"] = [group for group in body["scrape_targets"] if group["targets"]]


def excluded_checks(case: Case) -> list[schemathesis.CheckFunction]:
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    if positive:
        # A cursor is opaque: only what a list has given out is one.
        case.query.pop("cursor", None)
        # Nor can a schema say what a matcher is.
        case.query.pop("filter", None)
        _without_repetitions(case.body)
    # A broken alert is reported in a 200, or the sound ones would be lost with it.
    by_design = case.path in {"/api/v1/webhooks/alertmanager", "/api/v1/events"}
    # A wrong value that is empty does not get into the address at all.
    unsent = any(value in (None, [], {}) for value in case.query.values())
    return [negative_data_rejection] if by_design or unsent else []
