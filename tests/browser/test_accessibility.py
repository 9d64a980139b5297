"""Accessibility as far as a program can judge it: axe-core's rules, contrast included."""

from datetime import timedelta
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # ships none
from playwright.async_api import Page, expect

from backend.bootstrap import ADMIN
from tests.browser.conftest import sign_in
from tests.browser.deliveries import alert, send
from tests.browser.stack import Stack
from tests.browser.watch import Watch

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"runOnly": RULES, "resultTypes": ["violations"]}

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


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


async def violations(page: Page) -> list[str]:
    """Return each broken rule with the elements that break it, in light and dark colours."""
    broken = []
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        found = (await Axe().run(page, options=OPTIONS)).response["violations"]
        broken += [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]
    return broken


async def test_the_now_page(page: Page, filled: Stack) -> None:
    await page.goto("/?label=service%3Dshop")
    await page.get_by_role("complementary", name="Intake").get_by_role("group").click()
    await page.get_by_text(f"Account: {ADMIN}").click()
    assert await violations(page) == []
    await page.goto(f"{filled.url}/?status=resolved")
    await expect(page.get_by_role("link", name="Gone")).to_be_visible()
    assert await violations(page) == []


async def test_the_page_of_an_alert(page: Page, filled: Stack) -> None:
    await page.goto(f"{filled.url}/")
    await page.get_by_role("link", name="Slow").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Slow")
    assert await violations(page) == []


async def test_pages_without_alerts(page: Page, stack: Stack) -> None:
    await page.goto(f"{stack.url}/")
    await expect(page.get_by_role("heading", name="No alert has arrived yet")).to_be_visible()
    assert await violations(page) == []


async def test_pages_with_problems(stranger: Page, stack: Stack, watch: Watch) -> None:
    watch.expect("status of 4")
    await stranger.goto("/")
    await sign_in(stranger, "cnop_wrong")
    await expect(
        stranger.get_by_role("alert").filter(has_text="unknown or revoked")
    ).to_be_visible()
    assert await violations(stranger) == []
    await sign_in(stranger, stack.admin_token)
    await expect(stranger.get_by_role("heading", name="Nothing firing")).to_be_visible()
    await stranger.goto("/?label=none")
    assert await violations(stranger) == []
    await stranger.goto("/alerts/default/unknown")
    assert await violations(stranger) == []


async def test_a_page_that_is_stale(page: Page, filled: Stack, watch: Watch) -> None:
    watch.expect("ERR_FAILED")
    await page.clock.install()
    await page.goto(f"{filled.url}/")
    await page.route("**/*", lambda route: route.abort())
    await page.clock.fast_forward(15_000)
    await expect(page.get_by_role("alert").filter(has_text="Not live since")).to_be_visible()
    assert await violations(page) == []
