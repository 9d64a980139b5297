"""The Now page: what fires, grouped, counted and bounded; the intake; the very first start."""

import asyncio
from asyncio.subprocess import PIPE
from datetime import timedelta

from playwright.async_api import Page, expect

from tests.browser.deliveries import alert, create_integration, send
from tests.browser.stack import Stack

HOUR = timedelta(hours=1)


async def test_alerts_are_grouped_by_service_and_severity_worst_first(
    page: Page, stack: Stack
) -> None:
    send(
        stack,
        alert("NodeFull", service="nodes", severity="warning"),
        alert("Slow", service="checkout", severity="warning", ago=3 * HOUR),
        alert("Down", service="checkout", severity="critical", pod="a", ago=timedelta(minutes=2)),
        alert("Down", service="checkout", severity="critical", pod="b", ago=timedelta(minutes=9)),
        alert("Watchdog"),
    )
    await page.goto("/")

    await expect(page).to_have_title("5 firing · Observability Platform")
    await expect(page.get_by_role("heading", level=1)).to_have_text("5 firing")
    tally = page.get_by_role("list", name="By severity").get_by_role("listitem")
    await expect(tally).to_have_text(["2 critical", "2 warning", "1 no severity"])
    await expect(page.get_by_role("heading", level=2)).to_have_text(
        ["checkout", "nodes", "no service", "Intake"]
    )
    checkout = page.get_by_role("region", name="checkout")
    await expect(checkout).to_contain_text("3 firing, oldest 3 h")
    await expect(checkout.get_by_role("rowheader")).to_have_text(["critical 2", "warning 1"])
    newest = checkout.get_by_role("row").filter(has=page.get_by_role("link", name="Down")).first
    await expect(newest).to_contain_text("firing for 2 min")
    await expect(newest).to_contain_text("new")
    await expect(newest).to_contain_text("pod a")


async def test_an_alert_says_how_often_it_was_seen(page: Page, stack: Stack) -> None:
    down = alert("Down", service="checkout", annotations={"summary": "Nobody answers"})
    for _ in range(3):
        send(stack, down)
    await page.goto("/")
    row = page.get_by_role("row").filter(has_text="Nobody answers")
    await expect(row).to_contain_text("seen 3\N{MULTIPLICATION SIGN}, last")


async def test_the_start_says_how_to_send_the_first_alert(page: Page, stack: Stack) -> None:
    await page.goto("/")
    await expect(page.get_by_role("heading", name="No alert has arrived yet")).to_be_visible()
    command = await page.get_by_label("Command that sends a first alert").inner_text()
    assert stack.admin_token not in command

    runnable = command.replace("$(cat .local/admin-token)", stack.admin_token)
    pasted = await asyncio.create_subprocess_exec(
        "bash", "-euc", runnable, stdout=PIPE, stderr=PIPE
    )
    output = await pasted.communicate()
    assert pasted.returncode == 0, output

    await page.reload()
    await expect(page.get_by_role("link", name="FirstAlert")).to_be_visible()


async def test_nothing_firing_is_told_from_nothing_received(page: Page, stack: Stack) -> None:
    send(stack, alert("Down", resolved=timedelta(minutes=1)))
    await page.goto("/")
    await expect(page.get_by_role("heading", name="Nothing firing")).to_be_visible()
    await expect(page.get_by_role("heading", name="All quiet")).to_be_visible()
    await expect(page.get_by_text("The last delivery arrived")).to_be_visible()


async def test_the_intake_shows_deliveries_and_what_was_rejected(page: Page, stack: Stack) -> None:
    create_integration(stack, "idle")
    answer = send(stack, alert("Good"), alert("Bad") | {"status": "burning"})
    assert len(answer["rejected"]) == 1
    await page.goto("/")
    intake = page.get_by_role("complementary", name="Intake")
    await expect(intake.get_by_role("listitem").filter(has_text="idle")).to_contain_text(
        "never delivered"
    )
    default = intake.get_by_role("listitem").filter(has_text="default")
    await expect(default).to_contain_text("1 accepted, 1 rejected")
    await default.get_by_role("group").click()
    await expect(default).to_contain_text("Alert 1 of the delivery")
    await expect(default).to_contain_text("invalid_status")


async def test_ten_thousand_alerts_stay_a_small_page(page: Page, stack: Stack) -> None:
    storm = [
        alert("PodDown", service=f"service-{n % 120:03}", severity="critical", pod=f"pod-{n}",
              annotations={"summary": "The pod does not answer " * 20})
        for n in range(10_000)
    ]  # fmt: skip
    send(stack, *storm)
    answer = await page.goto("/")
    assert answer is not None
    assert len(await answer.body()) < 180_000
    await expect(page.get_by_role("heading", level=1)).to_have_text("10,000 firing")
    await expect(page.get_by_text("Showing 100 of 10,000")).to_be_visible()
    await expect(page.get_by_text("70 more groups are not shown")).to_be_visible()

    await page.get_by_role("link", name="All 84 critical of service-000").click()
    await expect(page.get_by_text("Showing 50 of 84")).to_be_visible()
    first = await page.get_by_role("link", name="PodDown").all()
    assert len(first) == 50
    await page.get_by_role("link", name="Next page").click()
    await expect(page.get_by_text("Showing 34 of 84")).to_be_visible()
    await expect(page.get_by_role("link", name="Next page")).to_have_count(0)
    await page.get_by_role("link", name="First page").click()
    await expect(page.get_by_text("Showing 50 of 84")).to_be_visible()
