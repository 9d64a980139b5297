"""Filters live in the address: they can be linked, bookmarked and gone back from."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, StorageState, expect

from tests.browser.deliveries import alert, create_integration, send
from tests.browser.stack import Stack
from tests.browser.watch import Watch


@pytest.fixture
def filled(stack: Stack) -> Stack:
    other = create_integration(stack, "cluster-b")
    send(
        stack,
        alert("Down", service="checkout", severity="critical", namespace="shop"),
        alert("Slow", service="checkout", severity="warning", namespace="shop"),
        alert("NodeFull", service="nodes", severity="warning", namespace="kube-system"),
        alert("Watchdog"),
    )
    send(stack, alert("Elsewhere", service="checkout", severity="warning"), token=other)
    return stack


@pytest_asyncio.fixture
async def without_scripts(
    chromium: Browser, filled: Stack, signed_in: StorageState
) -> AsyncIterator[Page]:
    context = await chromium.new_context(
        base_url=filled.url, java_script_enabled=False, storage_state=signed_in
    )
    yield await context.new_page()
    await context.close()


async def names(page: Page) -> set[str]:
    """Return the names of the alerts that are listed."""
    known = ("Down", "Slow", "NodeFull", "Watchdog", "Elsewhere")
    return {name for name in known if await page.get_by_role("link", name=name, exact=True).count()}


async def test_filters_go_into_the_address_and_back_undoes_them(page: Page, filled: Stack) -> None:
    await page.goto("/")
    await page.get_by_role("combobox", name="Service").fill("checkout")
    await page.get_by_role("button", name="Filter").click()
    await expect(page).to_have_url(f"{filled.url}/?service=checkout")
    await expect(page.get_by_role("heading", level=1)).to_have_text("3 firing match the filters")
    await page.get_by_role("textbox", name="Label").fill("namespace=shop")
    await page.get_by_role("button", name="Filter").click()
    await expect(page).to_have_url(f"{filled.url}/?service=checkout&label=namespace%3Dshop")
    await expect(page.get_by_role("heading", level=1)).to_have_text("2 firing match the filters")
    assert await names(page) == {"Down", "Slow"}

    await page.go_back()
    await expect(page).to_have_url(f"{filled.url}/?service=checkout")
    await expect(page.get_by_role("textbox", name="Label")).to_have_value("")
    await page.go_back()
    await expect(page.get_by_role("heading", level=1)).to_have_text("5 firing")


async def test_every_filter_narrows(page: Page, filled: Stack) -> None:
    send(filled, alert("Gone", resolved=timedelta(minutes=1)))
    for query, expected in {
        "severity=warning": {"Slow", "NodeFull", "Elsewhere"},
        "service=checkout&severity=warning": {"Slow", "Elsewhere"},
        "integration=cluster-b": {"Elsewhere"},
        "label=namespace%3Dshop&label=severity%3Dwarning": {"Slow"},
        "without=service": {"Watchdog"},
        "service=checkout&without=severity": set(),
        "service=nothing": set(),
    }.items():
        await page.goto(f"/?{query}")
        assert await names(page) == expected, query
    await page.goto("/?status=resolved")
    await expect(page.get_by_role("link", name="Gone")).to_be_visible()
    assert await names(page) == set()


async def test_a_filter_is_removed_by_itself(page: Page, filled: Stack) -> None:
    await page.goto("/?service=checkout&severity=warning&label=namespace%3Dshop")
    assert await names(page) == {"Slow"}
    await page.get_by_role("link", name="Remove filter severity warning").click()
    await expect(page).to_have_url(f"{filled.url}/?service=checkout&label=namespace%3Dshop")
    assert await names(page) == {"Down", "Slow"}
    await page.get_by_role("link", name="Clear all").click()
    await expect(page).to_have_url(f"{filled.url}/")


async def test_nothing_matching_is_not_all_quiet(page: Page, filled: Stack) -> None:
    await page.goto("/?service=nothing")
    assert filled.url in page.url
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "Nothing firing matches the filters"
    )
    await expect(page.get_by_role("heading", name="No firing alert matches")).to_be_visible()
    await expect(page.get_by_text("All quiet")).to_have_count(0)


async def test_a_label_that_is_none_is_explained_and_kept(
    page: Page, filled: Stack, watch: Watch
) -> None:
    watch.expect("status of 422")
    await page.goto("/")
    await page.get_by_role("textbox", name="Label").fill("namespace")
    await page.get_by_role("button", name="Filter").click()
    await expect(page.get_by_role("alert").filter(has_text="as name=value")).to_be_visible()
    await expect(page.get_by_role("textbox", name="Label")).to_have_value("namespace")
    assert filled.url in page.url


async def test_filters_work_without_scripts(without_scripts: Page, filled: Stack) -> None:
    page = without_scripts
    await page.goto("/")
    await page.get_by_role("combobox", name="Severity").fill("critical")
    await page.get_by_role("button", name="Filter").click()
    await expect(page).to_have_url(f"{filled.url}/?severity=critical")
    assert await names(page) == {"Down"}
    await expect(page.get_by_text("reload for newer")).to_be_visible()
