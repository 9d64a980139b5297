"""One stack and one browser for each worker; an empty store and a fresh profile for each test."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, StorageState, expect

from tests.browser.chromium import HOW_TO_GET_IT, find_chromium, running_chromium
from tests.browser.stack import Stack, running_stack
from tests.browser.watch import Watch

# The machine may be busy: a page that takes seconds is no failure of these tests.
WAIT_MS = 15_000
expect.set_options(timeout=WAIT_MS)


@pytest_asyncio.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    executable = find_chromium()
    if executable is None:
        pytest.skip(HOW_TO_GET_IT)
    async with running_chromium(executable) as browser:
        yield browser


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Stack]:
    assert chromium.is_connected()
    with running_stack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest_asyncio.fixture
async def stack(running: Stack) -> Stack:
    await running.empty()
    return running


@pytest_asyncio.fixture(scope="session")
async def signed_in(running: Stack, chromium: Browser) -> StorageState:
    """The cookies of somebody who has signed in with the admin token."""
    async with new_context(chromium, running) as context:
        page = await context.new_page()
        await page.goto("/")
        await sign_in(page, running.admin_token)
        await expect(page.get_by_role("heading", level=1)).to_contain_text("firing")
        return await context.storage_state()


@pytest.fixture
def watch(stack: Stack) -> Iterator[Watch]:
    watch = Watch(origin=stack.url)
    yield watch
    assert watch.unexpected() == []


@pytest_asyncio.fixture
async def stranger(chromium: Browser, stack: Stack, watch: Watch) -> AsyncIterator[Page]:
    """An empty page of somebody who has not signed in."""
    async with new_context(chromium, stack) as context:
        page = await context.new_page()
        await watch.attach(page)
        yield page


@pytest_asyncio.fixture
async def page(
    chromium: Browser, stack: Stack, signed_in: StorageState, watch: Watch
) -> AsyncIterator[Page]:
    """An empty page of somebody who has signed in."""
    async with new_context(chromium, stack, storage_state=signed_in) as context:
        page = await context.new_page()
        await watch.attach(page)
        yield page


@asynccontextmanager
async def new_context(
    chromium: Browser, stack: Stack, *, storage_state: StorageState | None = None
) -> AsyncIterator[BrowserContext]:
    # The time zone is an odd one: pages must not lean on the browser's.
    context = await chromium.new_context(
        base_url=stack.url,
        viewport={"width": 1280, "height": 900},
        timezone_id="Asia/Kathmandu",
        storage_state=storage_state,
    )
    context.set_default_timeout(WAIT_MS)
    yield context
    await context.close()


async def sign_in(page: Page, token: str) -> None:
    await page.get_by_label("Access token").fill(token)
    await page.get_by_role("button", name="Sign in").click()
