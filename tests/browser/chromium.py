"""A Chromium of the system, without anything that reaches for the network by itself."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

HOW_TO_GET_IT = (
    "Chromium is not on PATH: on Debian, `apt-get install chromium fonts-dejavu-core` gets it"
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


@asynccontextmanager
async def running_chromium(executable: str) -> AsyncIterator[Browser]:
    """Start a browser with a fresh, temporary profile; close it at the end.

    The asynchronous API, because the other one leaves its event loop running in the thread, where
    no asynchronous test of another directory could then start its own.
    """
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()
