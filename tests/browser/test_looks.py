"""Dark and light, phone and paper."""

import pytest
from playwright.async_api import Page, expect

from backend.bootstrap import ADMIN
from tests.browser.deliveries import alert, send
from tests.browser.stack import Stack

PHONE = {"width": 360, "height": 800}
NARROWEST = {"width": 320, "height": 640}


@pytest.fixture
def filled(stack: Stack) -> Stack:
    long = "a-rather-long-name-of-something-that-has-no-spaces-at-all.ec2.internal"
    send(
        stack,
        alert("Down", service="checkout", severity="critical", pod=long, labels={long: long}),
        alert("Slow" * 30, service=long * 2, severity="warning", annotations={"summary": long * 3}),
        alert("Bad") | {"status": "burning"},
    )
    return stack


async def background(page: Page) -> tuple[int, ...]:
    text: str = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return tuple(int(part) for part in text.removeprefix("rgb(").removesuffix(")").split(","))


async def is_dark(page: Page) -> bool:
    return sum(await background(page)) < 3 * 64


async def test_colours_follow_the_system_until_somebody_chooses(page: Page, stack: Stack) -> None:
    await page.emulate_media(color_scheme="dark")
    await page.goto("/")
    assert await is_dark(page)
    await page.emulate_media(color_scheme="light")
    assert not await is_dark(page)

    await page.get_by_text(f"Account: {ADMIN}").click()
    await page.get_by_role("button", name="Dark").click()
    await expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    assert await is_dark(page)
    await page.reload()
    assert await is_dark(page)
    assert page.url == f"{stack.url}/"

    await page.get_by_text(f"Account: {ADMIN}").click()
    await page.get_by_role("button", name="System").click()
    await expect(page.get_by_role("button", name="System")).to_have_attribute(
        "aria-pressed", "true"
    )
    assert not await is_dark(page)


@pytest.mark.parametrize("size", [PHONE, NARROWEST], ids=["360 px", "320 px"])
async def test_a_phone_needs_no_horizontal_scrolling(
    page: Page, filled: Stack, size: dict[str, int]
) -> None:
    await page.set_viewport_size({"width": size["width"], "height": size["height"]})
    await page.goto("/")
    await page.get_by_text(f"Account: {ADMIN}").click()
    assert await width_beyond(page) == 0
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Down").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Down")
    assert await width_beyond(page) == 0
    await page.goto(f"{filled.url}/?status=resolved")
    assert await width_beyond(page) == 0
    await page.context.clear_cookies()
    await page.goto("/")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert await width_beyond(page) == 0


async def width_beyond(page: Page) -> int:
    """Return how far the page reaches beyond the window."""
    beyond: int = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return beyond


async def test_paper_gets_the_alerts_and_not_the_controls(page: Page, filled: Stack) -> None:
    await page.goto("/")
    await page.emulate_media(media="print", color_scheme="dark")
    assert filled.url in page.url
    await expect(page.get_by_role("link", name="Down")).to_be_visible()
    await expect(page.get_by_role("button", name="Filter")).to_be_hidden()
    assert not await is_dark(page)
