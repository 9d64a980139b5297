"""Keeping fresh: news appear, the reader is not disturbed, and old data never looks new.

Time is the page's own clock, moved by hand; the requests are real.
"""

from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.browser.deliveries import alert, send
from tests.browser.stack import Stack
from tests.browser.watch import Watch

PERIOD_MS = 15_000
MINUTE = timedelta(minutes=1)


@pytest.fixture
def filled(stack: Stack) -> Stack:
    send(stack, *(alert("Down", service=f"service-{n:02}", severity="warning") for n in range(30)))
    return stack


@pytest_asyncio.fixture
async def now(page: Page, filled: Stack) -> Page:
    await page.clock.install()
    await page.goto("/")
    await expect(page.get_by_text("refreshes every 15 s")).to_be_visible()
    assert page.url == f"{filled.url}/"
    return page


async def refresh(page: Page) -> None:
    """Let the period pass, and wait for what the server then says."""
    async with page.expect_response(page.url) as response:
        await page.clock.fast_forward(PERIOD_MS)
    await (await response.value).finished()


def row_link(page: Page, service: str) -> Locator:
    return page.get_by_role("region", name=service).get_by_role("link", name="Down")


async def test_a_new_alert_appears_by_itself_and_is_announced(now: Page, filled: Stack) -> None:
    await expect(now.get_by_role("status")).to_have_text("")
    send(filled, alert("Fire", service="attic", severity="critical"))
    await now.clock.fast_forward(PERIOD_MS)
    await expect(now.get_by_role("link", name="Fire")).to_be_visible()
    await expect(now).to_have_title("31 firing · Observability Platform")
    await expect(now.get_by_role("status")).to_contain_text("31 firing 1 critical 30 warning")
    send(filled, alert("Fire", service="attic", severity="critical", resolved=MINUTE / 60))
    await now.clock.fast_forward(PERIOD_MS)
    await expect(now.get_by_role("link", name="Fire")).to_have_count(0)


async def test_focus_scroll_and_open_details_stay(now: Page, filled: Stack) -> None:
    bad = alert("Bad") | {"status": "burning"}
    send(filled, bad)
    await refresh(now)
    details = now.get_by_role("complementary", name="Intake").get_by_role("group")
    await details.click()
    await expect(now.get_by_text("invalid_status")).to_be_visible()
    link = row_link(now, "service-20")
    await link.focus()
    await link.scroll_into_view_if_needed()
    place = await link.bounding_box()

    send(filled, *(alert(f"Fire{n}", service="attic", severity="critical") for n in range(2)))
    await refresh(now)

    await expect(now.get_by_role("link", name="Fire0")).to_have_count(1)
    await expect(link).to_be_focused()
    after = await link.bounding_box()
    assert place is not None
    assert after is not None
    assert abs(after["y"] - place["y"]) < 2
    await expect(now.get_by_text("invalid_status")).to_be_visible()


async def test_focus_moves_to_the_neighbour_when_its_row_goes(now: Page, filled: Stack) -> None:
    send(filled, *(alert(name, service="attic", severity="critical") for name in ("One", "Two")))
    await refresh(now)
    one = now.get_by_role("link", name="One")
    two = now.get_by_role("link", name="Two")
    await one.focus()
    send(filled, alert("One", service="attic", severity="critical", resolved=MINUTE / 60))
    await refresh(now)
    await expect(one).to_have_count(0)
    await expect(two).to_be_focused()


async def test_what_is_being_typed_stays(now: Page) -> None:
    field = now.get_by_role("textbox", name="Label")
    await field.press_sequentially("namesp")
    await refresh(now)
    await expect(field).to_be_focused()
    await expect(field).to_have_value("namesp")


async def test_a_page_that_cannot_be_refreshed_says_since_when(
    now: Page, filled: Stack, watch: Watch
) -> None:
    watch.expect("ERR_CONNECTION_REFUSED")
    seen = await now.get_by_text("Last updated").locator("time").inner_text()
    filled.backend.stop()
    try:
        await now.clock.fast_forward(PERIOD_MS)
        banner = now.get_by_role("alert").filter(has_text="Not live")
        await expect(banner).to_have_text(f"Not live since {seen} UTC. The server does not answer.")
        await expect(now.get_by_text("not refreshed")).to_be_visible()
        await expect(now.get_by_text("refreshes every 15 s")).to_have_count(0)
    finally:
        filled.backend.start()
    await refresh(now)
    await expect(banner).to_be_hidden()
    await expect(now.get_by_text("refreshes every 15 s")).to_be_visible()


async def test_a_database_outage_is_an_honest_page_and_banner(
    now: Page, filled: Stack, watch: Watch
) -> None:
    watch.expect("status of 503")
    filled.postgres.stop(immediately=True)
    try:
        await now.clock.fast_forward(PERIOD_MS)
        await expect(
            now.get_by_role("alert").filter(has_text="The database is unavailable")
        ).to_be_visible()

        answer = await now.goto("/")
        assert answer is not None
        assert answer.status == 503
        assert answer.headers["retry-after"] == "5"
        await expect(now.get_by_role("heading", name="The database is unavailable")).to_be_visible()
        await expect(now.get_by_role("link", name="Down")).to_have_count(0)
    finally:
        filled.postgres.start()
    await now.get_by_role("link", name="Try again").click()
    await expect(now.get_by_role("heading", level=1)).to_have_text("30 firing")


async def test_a_session_that_ended_says_so(now: Page, filled: Stack) -> None:
    await filled.revoke_admin()
    await now.clock.fast_forward(PERIOD_MS)
    await expect(now.get_by_role("alert").filter(has_text="You are signed out")).to_be_visible()


async def test_a_page_that_corrects_a_filter_is_live_too(now: Page, watch: Watch) -> None:
    watch.expect("status of 422")
    await now.goto("/?label=nonsense")
    await expect(now.get_by_text("as name=value")).to_be_visible()
    await refresh(now)
    await expect(now.get_by_text("refreshes every 15 s")).to_be_visible()
    await expect(now.get_by_role("alert").filter(has_text="Not live")).to_be_hidden()


async def test_a_hidden_tab_asks_for_nothing_and_catches_up(now: Page) -> None:
    requests: list[str] = []
    now.on("request", lambda request: requests.append(request.url))
    await set_hidden(now, hidden=True)
    await now.clock.fast_forward(20 * PERIOD_MS)
    assert requests == []

    async with now.expect_response(now.url):
        await set_hidden(now, hidden=False)
    assert requests == [now.url]
    await expect(now.get_by_text("refreshes every 15 s")).to_be_visible()


async def set_hidden(page: Page, *, hidden: bool) -> None:
    """Tell the page what a browser with a window would: headless tabs are never hidden."""
    await page.evaluate(
        """hidden => {
          Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )
