"""Without a mouse: everything can be reached, seen and used."""

from playwright.sync_api import Page, expect

from tests.browser.deliveries import alert, send
from tests.browser.stack import Stack


def test_a_walk_by_keyboard_from_the_top_to_an_alert(page: Page, stack: Stack) -> None:
    send(stack, alert("Down", service="checkout", severity="critical"))
    page.goto("/")
    stops = []
    for _ in range(20):
        page.keyboard.press("Tab")
        stops.append(describe_focus(page))
        assert focus_is_visible(page), stops[-1]
        if stops[-1] == "Down":
            break
    assert stops == [
        "Skip to content",
        "Skip to filters",
        "Observability Platform",
        "Now",
        "Account: admin",
        "1 critical",
        "Status",
        "Service",
        "Severity",
        "Integration",
        "Label",
        "Filter",
        "checkout",
        "Down",
    ]
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Down")


def describe_focus(page: Page) -> str:
    text: str = page.evaluate(
        """() => {
          const element = document.activeElement;
          const text = element.labels?.[0]?.innerText || element.textContent;
          return text.replace(/\\s+/g, " ").trim();
        }"""
    )
    return text


def focus_is_visible(page: Page) -> bool:
    visible: bool = page.evaluate(
        """() => {
          const element = document.activeElement;
          const style = getComputedStyle(element);
          const box = element.getBoundingClientRect();
          return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
            && box.width > 0 && box.top >= 0 && box.top < innerHeight;
        }"""
    )
    return visible


def test_skip_links_skip(page: Page, stack: Stack) -> None:
    send(stack, alert("Down", service="checkout"))
    page.goto("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.goto("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("combobox", name="Status")).to_be_focused()


def test_slash_goes_to_the_label_filter_and_can_be_typed_there(page: Page, stack: Stack) -> None:
    page.goto("/")
    page.keyboard.press("/")
    field = page.get_by_role("textbox", name="Label")
    expect(field).to_be_focused()
    page.keyboard.type("path=/cart")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{stack.url}/?label=path%3D%2Fcart")


def test_escape_closes_the_account_menu(page: Page) -> None:
    page.goto("/")
    menu = page.get_by_text("Account: admin")
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
