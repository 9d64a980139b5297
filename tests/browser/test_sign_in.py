"""Signing in, staying signed in, and ceasing to be."""

from playwright.async_api import Page, expect

from backend.bootstrap import ADMIN
from tests.browser.conftest import sign_in
from tests.browser.deliveries import alert, send
from tests.browser.stack import Stack
from tests.browser.watch import Watch

REFUSED = "status of 403"


async def test_a_page_sends_strangers_to_sign_in_and_back(stranger: Page, stack: Stack) -> None:
    send(stack, alert("DiskFull", service="db", severity="critical"))
    await stranger.goto("/?service=db&severity=critical")
    await expect(stranger).to_have_title("Sign in · Observability Platform")
    await expect(stranger.get_by_label("Access token")).to_be_focused()

    await sign_in(stranger, stack.admin_token)

    await expect(stranger).to_have_url(f"{stack.url}/?service=db&severity=critical")
    await expect(stranger.get_by_role("link", name="DiskFull")).to_be_visible()


async def test_signing_out_ends_the_session(stranger: Page, stack: Stack) -> None:
    page = stranger
    await page.goto("/")
    await sign_in(page, stack.admin_token)
    await page.get_by_text(f"Account: {ADMIN}").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    await page.go_back()
    await page.reload()

    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.goto("/")
    await expect(page).to_have_url(f"{stack.url}/sign-in")


async def test_a_wrong_token_is_refused_in_words(stranger: Page, watch: Watch) -> None:
    watch.expect(REFUSED)
    await stranger.goto("/")
    await sign_in(stranger, "cnop_wrong")
    await expect(
        stranger.get_by_role("alert").filter(has_text="unknown or revoked")
    ).to_be_visible()
    field = stranger.get_by_label("Access token")
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(field).to_have_value("")


async def test_the_token_is_nowhere_in_the_browser(page: Page, stack: Stack) -> None:
    await page.goto("/")
    kept = [cookie.get("value", "") for cookie in await page.context.cookies()]
    storage = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    everything = "".join([*kept, storage, await page.content(), page.url])
    assert stack.admin_token not in everything
    assert await page.evaluate("document.cookie") == ""


async def test_another_site_cannot_sign_somebody_out(
    page: Page, stack: Stack, watch: Watch
) -> None:
    watch.expect("status of 403")
    watch.expect("request to elsewhere")
    # Another origin of the same site: SameSite=Lax lets the cookie through, our check does not.
    await page.context.route(
        "http://127.0.0.1:1/evil",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<form method="post" action="{stack.url}/sign-out"><button>Prize</button></form>',
        ),
    )
    await page.goto("http://127.0.0.1:1/evil")
    await page.get_by_role("button", name="Prize").click()
    await expect(page.get_by_text("does not come from a page of this console")).to_be_visible()

    await page.goto("/")
    await expect(page.get_by_role("heading", name="Nothing firing")).to_be_visible()
