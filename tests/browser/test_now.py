"""The Now page: what fires, grouped, counted and bounded; the intake; the very first start."""

import subprocess
from datetime import timedelta

from playwright.sync_api import Page, expect

from tests.browser.deliveries import alert, create_integration, send
from tests.browser.stack import Stack

HOUR = timedelta(hours=1)


def test_alerts_are_grouped_by_service_and_severity_worst_first(page: Page, stack: Stack) -> None:
    send(
        stack,
        alert("NodeFull", service="nodes", severity="warning"),
        alert("Slow", service="checkout", severity="warning", ago=3 * HOUR),
        alert("Down", service="checkout", severity="critical", pod="a", ago=timedelta(minutes=2)),
        alert("Down", service="checkout", severity="critical", pod="b", ago=timedelta(minutes=9)),
        alert("Watchdog"),
    )
    page.goto("/")

    expect(page).to_have_title("5 firing · Observability Platform")
    expect(page.get_by_role("heading", level=1)).to_have_text("5 firing")
    tally = page.get_by_role("list", name="By severity").get_by_role("listitem")
    expect(tally).to_have_text(["2 critical", "2 warning", "1 no severity"])
    expect(page.get_by_role("heading", level=2)).to_have_text(
        ["checkout", "nodes", "no service", "Intake"]
    )
    checkout = page.get_by_role("region", name="checkout")
    expect(checkout).to_contain_text("3 firing, oldest 3 h")
    expect(checkout.get_by_role("rowheader")).to_have_text(["critical 2", "warning 1"])
    newest = checkout.get_by_role("row").filter(has=page.get_by_role("link", name="Down")).first
    expect(newest).to_contain_text("firing for 2 min")
    expect(newest).to_contain_text("new")
    expect(newest).to_contain_text("pod a")


def test_an_alert_says_how_often_it_was_seen(page: Page, stack: Stack) -> None:
    down = alert("Down", service="checkout", annotations={"summary": "Nobody answers"})
    for _ in range(3):
        send(stack, down)
    page.goto("/")
    row = page.get_by_role("row").filter(has_text="Nobody answers")
    expect(row).to_contain_text("seen 3\N{MULTIPLICATION SIGN}, last")


def test_the_start_says_how_to_send_the_first_alert(page: Page, stack: Stack) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="No alert has arrived yet")).to_be_visible()
    command = page.get_by_label("Command that sends a first alert").inner_text()
    assert stack.admin_token not in command

    runnable = command.replace("$(cat .local/admin-token)", stack.admin_token)
    subprocess.run(["bash", "-euc", runnable], check=True, capture_output=True)  # noqa: S603, S607  # the text a reader would paste

    page.reload()
    expect(page.get_by_role("link", name="FirstAlert")).to_be_visible()


def test_nothing_firing_is_told_from_nothing_received(page: Page, stack: Stack) -> None:
    send(stack, alert("Down", resolved=timedelta(minutes=1)))
    page.goto("/")
    expect(page.get_by_role("heading", name="Nothing firing")).to_be_visible()
    expect(page.get_by_role("heading", name="All quiet")).to_be_visible()
    expect(page.get_by_text("The last delivery came")).to_be_visible()


def test_the_intake_shows_deliveries_and_what_was_rejected(page: Page, stack: Stack) -> None:
    create_integration(stack, "idle")
    answer = send(stack, alert("Good"), alert("Bad") | {"status": "burning"})
    assert len(answer["rejected"]) == 1
    page.goto("/")
    intake = page.get_by_role("complementary", name="Intake")
    expect(intake.get_by_role("listitem").filter(has_text="idle")).to_contain_text(
        "never delivered"
    )
    default = intake.get_by_role("listitem").filter(has_text="default")
    expect(default).to_contain_text("1 accepted, 1 rejected")
    default.get_by_role("group").click()
    expect(default).to_contain_text("Alert 1 of the delivery")
    expect(default).to_contain_text("invalid_status")


def test_ten_thousand_alerts_stay_a_small_page(page: Page, stack: Stack) -> None:
    storm = [
        alert("PodDown", service=f"service-{n % 120:03}", severity="critical", pod=f"pod-{n}",
              annotations={"summary": "The pod does not answer " * 20})
        for n in range(10_000)
    ]  # fmt: skip
    send(stack, *storm)
    answer = page.goto("/")
    assert answer is not None
    assert len(answer.body()) < 180_000
    expect(page.get_by_role("heading", level=1)).to_have_text("10,000 firing")
    expect(page.get_by_text("Showing 100 of 10,000")).to_be_visible()
    expect(page.get_by_text("70 more groups are not shown")).to_be_visible()

    page.get_by_role("link", name="All 84 critical of service-000").click()
    expect(page.get_by_text("Showing 50 of 84")).to_be_visible()
    first = page.get_by_role("link", name="PodDown").all()
    assert len(first) == 50
    page.get_by_role("link", name="Next page").click()
    expect(page.get_by_text("Showing 34 of 84")).to_be_visible()
    expect(page.get_by_role("link", name="Next page")).to_have_count(0)
    page.get_by_role("link", name="First page").click()
    expect(page.get_by_text("Showing 50 of 84")).to_be_visible()
