"""Labels and annotations come from anybody who can write a rule or a pod's name: they stay text.

What must never happen (a dialog, a request to elsewhere, an error, a policy violation) is asserted
for every page by the fixture `watch`.
"""

import pytest
from playwright.async_api import Page, expect

from tests.browser.deliveries import alert, send
from tests.browser.stack import Stack

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=http://elsewhere.example/x onerror=alert(2)>'
TEMPLATE = "{{ 7 * 7 }}{% raw %}${7*7}"
OVERRIDE = "invoice\u202egpj.exe"
LONG = "x" * 10_240


@pytest.fixture
def hostile(stack: Stack) -> Stack:
    send(
        stack,
        alert(
            SCRIPT,
            service=IMAGE,
            severity=SCRIPT,
            pod=OVERRIDE,
            namespace=TEMPLATE,
            long=LONG,
            annotations={
                "summary": f"{SCRIPT}\n{IMAGE}\n{OVERRIDE}",
                "description": LONG,
                "runbook_url": "javascript:alert(3)",
                "dashboard": "data:text/html,<script>alert(4)</script>",
                "lines": "first\nsecond",
                "spaced": "https://good.example/ javascript:alert(5)",
                IMAGE: SCRIPT,
            },
        ),
    )
    return stack


async def test_a_list_shows_hostile_text_as_text_and_goes_on_doing_so(
    page: Page, hostile: Stack
) -> None:
    await page.clock.install()
    await page.goto("/")
    assert hostile.url in page.url
    await expect(page.get_by_role("link", name=SCRIPT, exact=True)).to_be_visible()
    await expect(page.get_by_role("heading", level=2).first).to_have_text(IMAGE)
    await expect(page.get_by_role("row").filter(has_text="U+202E").first).to_be_visible()
    await expect(page.get_by_role("img")).to_have_count(0)
    assert "\u202e" not in await page.content()
    assert await no_overflow(page)

    send(hostile, alert("Another", service=SCRIPT + IMAGE))
    await page.clock.fast_forward(15_000)
    await expect(page.get_by_role("link", name="Another")).to_be_visible()
    await expect(page.get_by_role("link", name=SCRIPT, exact=True)).to_be_visible()

    await page.get_by_role("link", name=IMAGE, exact=True).click()
    await expect(page.get_by_role("link", name=SCRIPT, exact=True)).to_be_visible()
    await expect(page.get_by_role("list", name="Active filters")).to_contain_text(IMAGE)
    assert page.url.startswith(f"{hostile.url}/?service=")


async def test_an_alerts_page_shows_hostile_text_as_text(page: Page, hostile: Stack) -> None:
    await page.goto("/")
    await page.get_by_role("link", name=SCRIPT, exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(SCRIPT)
    for refused in ("javascript:alert(3)", "data:text/html", "good.example"):
        await expect(page.get_by_text(refused).first).to_be_visible()
        await expect(page.get_by_role("link").filter(has_text=refused)).to_have_count(0)
    targets = await page.get_by_role("link").evaluate_all(
        "links => links.map(link => link.protocol)"
    )
    assert set(targets) == {"http:"}
    await expect(page.get_by_text(TEMPLATE).first).to_be_visible()
    assert "first\nsecond" in await page.get_by_role("main").inner_text()
    await expect(page.get_by_text("(10,240 characters)")).to_have_count(2)
    assert await no_overflow(page)
    assert "\u202e" not in await page.content()
    assert hostile.url in page.url


async def no_overflow(page: Page) -> bool:
    fits: bool = await page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    return fits
