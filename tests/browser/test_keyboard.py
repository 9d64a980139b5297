"""Without a mouse: everything can be reached, seen and used."""

from playwright.async_api import Page, expect

from backend.bootstrap import ADMIN
from tests.browser.deliveries import alert, send
from tests.browser.stack import Stack


async def test_a_walk_by_keyboard_from_the_top_to_an_alert(page: Page, stack: Stack) -> None:
    send(stack, alert("Down", service="checkout", severity="critical"))
    await page.goto("/")
    stops = []
    for _ in range(20):
        await page.keyboard.press("Tab")
        stops.append(await describe_focus(page))
        assert await focus_is_visible(page), stops[-1]
        if stops[-1] == "Down":
            break
    assert stops == [
        "Skip to content",
        "Skip to filters",
        "Observability Platform",
        "Now",
        f"Account: {ADMIN}",
        "1 critical",
        "Status",
        "Service",
        "Severity",
        "Integration",
        "Text",
        "Label",
        "Filter",
        "checkout",
        "Down",
    ]
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Down")


async def describe_focus(page: Page) -> str:
    text: str = await page.evaluate(
        """() => {
          const element = document.activeElement;
          const text = element.labels?.[0]?.innerText || element.textContent;
          return text.replace(/\\s+/g, " ").trim();
        }"""
    )
    return text


async def focus_is_visible(page: Page) -> bool:
    visible: bool = await page.evaluate(
        """() => {
          const element = document.activeElement;
          const style = getComputedStyle(element);
          const box = element.getBoundingClientRect();
          return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
            && box.width > 0 && box.top >= 0 && box.top < innerHeight;
        }"""
    )
    return visible


async def test_skip_links_skip(page: Page, stack: Stack) -> None:
    send(stack, alert("Down", service="checkout"))
    await page.goto("/")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()
    await page.goto("/")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("combobox", name="Status")).to_be_focused()


async def test_slash_goes_to_the_label_filter_and_can_be_typed_there(
    page: Page, stack: Stack
) -> None:
    await page.goto("/")
    await page.keyboard.press("/")
    field = page.get_by_role("textbox", name="Label")
    await expect(field).to_be_focused()
    await page.keyboard.type("path=/cart")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{stack.url}/?label=path%3D%2Fcart")


async def test_escape_closes_the_account_menu(page: Page) -> None:
    await page.goto("/")
    menu = page.get_by_text(f"Account: {ADMIN}")
    await menu.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
