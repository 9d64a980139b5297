"""Dark and light, phone and paper."""

import pytest
from playwright.sync_api import Page, expect

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


def background(page: Page) -> tuple[int, ...]:
    text: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return tuple(int(part) for part in text.removeprefix("rgb(").removesuffix(")").split(","))


def is_dark(page: Page) -> bool:
    return sum(background(page)) < 3 * 64


def test_colours_follow_the_system_until_somebody_chooses(page: Page, stack: Stack) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto("/")
    assert is_dark(page)
    page.emulate_media(color_scheme="light")
    assert not is_dark(page)

    page.get_by_text("Account: admin").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    assert is_dark(page)
    page.reload()
    assert is_dark(page)
    assert page.url == f"{stack.url}/"

    page.get_by_text("Account: admin").click()
    page.get_by_role("button", name="System").click()
    expect(page.get_by_role("button", name="System")).to_have_attribute("aria-pressed", "true")
    assert not is_dark(page)


@pytest.mark.parametrize("size", [PHONE, NARROWEST], ids=["360 px", "320 px"])
def test_a_phone_needs_no_horizontal_scrolling(
    page: Page, filled: Stack, size: dict[str, int]
) -> None:
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    page.goto("/")
    page.get_by_text("Account: admin").click()
    assert width_beyond(page) == 0
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Down").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Down")
    assert width_beyond(page) == 0
    page.goto(f"{filled.url}/?status=resolved")
    assert width_beyond(page) == 0
    page.context.clear_cookies()
    page.goto("/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert width_beyond(page) == 0


def width_beyond(page: Page) -> int:
    """Return how far the page reaches beyond the window."""
    beyond: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return beyond


def test_paper_gets_the_alerts_and_not_the_controls(page: Page, filled: Stack) -> None:
    page.goto("/")
    page.emulate_media(media="print", color_scheme="dark")
    assert filled.url in page.url
    expect(page.get_by_role("link", name="Down")).to_be_visible()
    expect(page.get_by_role("button", name="Filter")).to_be_hidden()
    assert not is_dark(page)
