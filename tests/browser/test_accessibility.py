"""Accessibility as far as a program can judge it: axe-core's rules, contrast included."""

from datetime import timedelta
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # ships none
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in
from tests.browser.deliveries import alert, send
from tests.browser.stack import Stack
from tests.browser.watch import Watch

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"runOnly": RULES, "resultTypes": ["violations"]}

Scheme = Literal["light", "dark"]

pytestmark = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.fixture
def filled(stack: Stack) -> Stack:
    about = {"summary": "Slower than slow", "runbook_url": "https://runbooks.example/"}
    recently = timedelta(minutes=1)
    send(
        stack,
        *(alert("Down", service="shop", severity="critical", pod=f"pod-{n}") for n in range(12)),
        alert("Slow", service="shop", severity="warning", ago=recently, annotations=about),
        alert("Note", service="shop", severity="info", pod="invoice\u202egpj.exe"),
        alert("Watchdog"),
        alert("Gone", service="nodes", severity="warning", resolved=recently),
        alert("Bad") | {"status": "burning"},
    )
    return stack


def violations(page: Page) -> list[str]:
    """Return each broken rule with the elements that break it."""
    found = Axe().run(page, options=OPTIONS).response["violations"]
    return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]


def test_the_now_page(page: Page, filled: Stack, scheme: Scheme) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto("/?label=service%3Dshop")
    page.get_by_role("complementary", name="Intake").get_by_role("group").click()
    page.get_by_text("Account: admin").click()
    assert violations(page) == []
    page.goto(f"{filled.url}/?status=resolved")
    expect(page.get_by_role("link", name="Gone")).to_be_visible()
    assert violations(page) == []


def test_the_page_of_an_alert(page: Page, filled: Stack, scheme: Scheme) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{filled.url}/")
    page.get_by_role("link", name="Slow").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Slow")
    assert violations(page) == []


def test_pages_without_alerts(page: Page, stack: Stack, scheme: Scheme) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{stack.url}/")
    expect(page.get_by_role("heading", name="No alert has arrived yet")).to_be_visible()
    assert violations(page) == []


def test_pages_with_problems(stranger: Page, stack: Stack, watch: Watch, scheme: Scheme) -> None:
    watch.expect("status of 4")
    stranger.emulate_media(color_scheme=scheme)
    stranger.goto("/")
    sign_in(stranger, "cnop_wrong")
    expect(stranger.get_by_role("alert").filter(has_text="not known here")).to_be_visible()
    assert violations(stranger) == []
    sign_in(stranger, stack.admin_token)
    expect(stranger.get_by_role("heading", name="Nothing firing")).to_be_visible()
    stranger.goto("/?label=none")
    assert violations(stranger) == []
    stranger.goto("/alerts/default/unknown")
    assert violations(stranger) == []


def test_a_page_that_is_stale(page: Page, filled: Stack, watch: Watch, scheme: Scheme) -> None:
    watch.expect("ERR_FAILED")
    page.emulate_media(color_scheme=scheme)
    page.clock.install()
    page.goto(f"{filled.url}/")
    page.route("**/*", lambda route: route.abort())
    page.clock.fast_forward(15_000)
    expect(page.get_by_role("alert").filter(has_text="Not live since")).to_be_visible()
    assert violations(page) == []
