"""The pictures in docs/screenshots: `python -m tests.browser.screenshots` makes them anew.

They look best with the font Inter (Debian: fonts-inter), and as intended with any other.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page

from tests.browser.chromium import HOW_TO_GET_IT, find_chromium, running_chromium
from tests.browser.demo import fill
from tests.browser.stack import Stack, running_stack

ROOT = Path(__file__).parents[2]
DIRECTORY = ROOT / "docs" / "screenshots"
DESKTOP = (1280, 900)
PHONE = (360, 780)


async def main() -> None:
    executable = find_chromium()
    if executable is None:
        sys.exit(HOW_TO_GET_IT)
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, running_stack(Path(directory)) as stack:
        async with running_chromium(executable) as browser:
            await take(browser, stack)


async def take(browser: Browser, stack: Stack) -> None:
    async with signed_in(browser, stack, size=DESKTOP) as page:
        await save(page, "empty")
    await fill(stack)
    async with signed_in(browser, stack, size=DESKTOP) as page:
        await save(page, "now-light")
        await page.get_by_role("link", name="HighErrorRate").click()
        await save(page, "alert-light")
    async with signed_in(browser, stack, size=DESKTOP, scheme="dark") as page:
        await save(page, "now-dark")
    async with signed_in(browser, stack, size=PHONE) as page:
        await save(page, "now-phone")


@asynccontextmanager
async def signed_in(
    browser: Browser,
    stack: Stack,
    *,
    size: tuple[int, int],
    scheme: Literal["light", "dark"] = "light",
) -> AsyncIterator[Page]:
    """Give the Now page in a window of this size, in these colours."""
    context = await browser.new_context(
        base_url=stack.url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
    )
    page = await context.new_page()
    await page.goto("/")
    await page.get_by_label("Access token").fill(stack.admin_token)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_text("refreshes every 15 s").wait_for()
    yield page
    await context.close()


async def save(page: Page, name: str) -> None:
    await page.get_by_text("refreshes every 15 s").wait_for()
    path = DIRECTORY / f"{name}.png"
    await page.screenshot(path=path)
    sys.stdout.write(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB\n")


if __name__ == "__main__":
    asyncio.run(main())
