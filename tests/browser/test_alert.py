"""The page of one alert."""

import re
from datetime import timedelta

from playwright.async_api import Page, expect

from tests.browser.deliveries import alert, send
from tests.browser.stack import Stack
from tests.browser.watch import Watch


async def test_an_alert_has_a_page_with_all_that_is_known(page: Page, stack: Stack) -> None:
    labels = {"service": "checkout", "severity": "critical", "namespace": "shop"}
    about = {
        "summary": "Nobody answers",
        "runbook_url": "https://runbooks.example/down?a=1&b=2",
        "dashboard": "grafana.example/d/1",
    }
    send(stack, alert("Down", ago=timedelta(hours=3), annotations=about, labels=labels))
    send(stack, alert("Down", ago=timedelta(hours=3), resolved=timedelta(hours=2), labels=labels))
    send(stack, alert("Down", ago=timedelta(minutes=20), annotations=about, labels=labels))
    await page.goto("/")
    await page.get_by_role("link", name="Down").click()

    await expect(page).to_have_title("Down · Observability Platform")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Down")
    await expect(page.get_by_text("Firing for 20 min")).to_be_visible()
    runbook = page.get_by_role("link", name="https://runbooks.example/down?a=1&b=2")
    await expect(runbook).to_have_attribute("href", about["runbook_url"])
    await expect(page.get_by_role("link", name="grafana.example/d/1")).to_have_count(0)
    await expect(page.get_by_text("grafana.example/d/1")).to_be_visible()

    episodes = page.get_by_role("region", name="Table of episodes").get_by_role("row")
    await expect(episodes).to_have_count(3)
    await expect(episodes.nth(1)).to_contain_text("open")
    await expect(episodes.nth(2)).to_contain_text("1 h")
    await expect(episodes.nth(2)).to_contain_text("alertmanager")
    picture = page.get_by_role("img", name="Episodes over time")
    await expect(picture).to_have_accessible_description(
        re.compile(r"2\sepisodes since .*; one is open now")
    )

    record = page.get_by_role("complementary", name="Record")
    await expect(record).to_contain_text("default")
    await expect(record).to_contain_text("3\N{MULTIPLICATION SIGN}")
    await page.get_by_role("link", name="shop").click()
    await expect(page).to_have_url(f"{stack.url}/?label=namespace%3Dshop")


async def test_a_fingerprint_may_hold_any_visible_character(page: Page, stack: Stack) -> None:
    odd = alert("Odd") | {"fingerprint": "a/b?c#d%e&f"}
    send(stack, odd)
    await page.goto("/")
    await page.get_by_role("link", name="Odd").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Odd")
    await expect(page.get_by_text("a/b?c#d%e&f")).to_be_visible()


async def test_an_unknown_alert_is_a_page_that_says_so(page: Page, watch: Watch) -> None:
    watch.expect("status of 404")
    await page.goto("/alerts/default/0000000000000000")
    await expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    await page.get_by_role("link", name="Go to Now").click()
    await expect(page.get_by_role("heading", name="Nothing firing")).to_be_visible()
