"""One stack and one browser for each worker; an empty store and a fresh profile for each test."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from tests.browser.chromium import HOW_TO_GET_IT, find_chromium, running_chromium
from tests.browser.stack import Stack, running_stack
from tests.browser.watch import Watch

# The machine may be busy: a page that takes seconds is no failure of these tests.
WAIT_MS = 15_000
expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    executable = find_chromium()
    if executable is None:
        pytest.skip(HOW_TO_GET_IT)
    with running_chromium(executable) as browser:
        yield browser


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Stack]:
    assert chromium.is_connected()
    with running_stack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture
def stack(running: Stack) -> Stack:
    running.empty()
    return running


@pytest.fixture(scope="session")
def signed_in(running: Stack, chromium: Browser) -> StorageState:
    """The cookies of somebody who has signed in with the admin token."""
    context = chromium.new_context(base_url=running.url)
    page = context.new_page()
    page.goto("/")
    sign_in(page, running.admin_token)
    expect(page.get_by_role("heading", level=1)).to_contain_text("firing")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def context(chromium: Browser, stack: Stack) -> Iterator[BrowserContext]:
    """A fresh profile of a stranger."""
    with new_context(chromium, stack) as context:
        yield context


@pytest.fixture
def watch(stack: Stack) -> Iterator[Watch]:
    watch = Watch(origin=stack.url)
    yield watch
    assert watch.unexpected() == []


@pytest.fixture
def stranger(context: BrowserContext, watch: Watch) -> Page:
    """An empty page of somebody who has not signed in."""
    page = context.new_page()
    watch.attach(page)
    return page


@pytest.fixture
def page(chromium: Browser, stack: Stack, signed_in: StorageState, watch: Watch) -> Iterator[Page]:
    """An empty page of somebody who has signed in."""
    with new_context(chromium, stack, storage_state=signed_in) as context:
        page = context.new_page()
        watch.attach(page)
        yield page


@contextmanager
def new_context(
    chromium: Browser, stack: Stack, *, storage_state: StorageState | None = None
) -> Iterator[BrowserContext]:
    # The time zone is an odd one: pages must not lean on the browser's.
    context = chromium.new_context(
        base_url=stack.url,
        viewport={"width": 1280, "height": 900},
        timezone_id="Asia/Kathmandu",
        storage_state=storage_state,
    )
    context.set_default_timeout(WAIT_MS)
    yield context
    context.close()


def sign_in(page: Page, token: str) -> None:
    page.get_by_label("Access token").fill(token)
    page.get_by_role("button", name="Sign in").click()
