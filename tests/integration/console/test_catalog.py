"""An alert's page says what the catalog knows of its service."""

import httpx2
import pytest_asyncio
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.catalog import service as catalog
from backend.catalog.schemas import ServiceCreate
from backend.db.base import utc_now
from backend.db.engine import Database
from tests.support.alertmanager import make_alert
from tests.support.intake import Intake

PAGE = "/alerts/default/a1"
LABELS = {"alertname": "Slow", "service": "checkout"}


@pytest_asyncio.fixture
async def page_of_an_alert(database: Database) -> str:
    await Intake(database).deliver(make_alert("a1", labels=LABELS), now=utc_now())
    return PAGE


async def register(session: AsyncSession, **fields: object) -> None:
    request = ServiceCreate.model_validate({"slug": "checkout", "name": "Checkout"} | fields)
    await catalog.create(session, request, now=utc_now())
    await session.commit()


async def test_owner_and_runbook_of_the_service_are_on_the_alerts_page(
    reader: httpx2.AsyncClient, session: AsyncSession, page_of_an_alert: str
) -> None:
    before = (await reader.get(page_of_an_alert)).text
    runbook = "https://wiki.example/runbooks/checkout?a=1&b=2"
    await register(session, owner="<b>payments</b>", tier=1, runbook_url=runbook)

    page = (await reader.get(page_of_an_alert)).text

    assert "service-title" not in before
    assert "service-title" in page
    assert "&lt;b&gt;payments&lt;/b&gt;" in page
    assert '<a href="https://wiki.example/runbooks/checkout?a=1&amp;b=2" rel="noopener' in page
    assert "Repository" not in page, "what is not known is not there"


async def test_another_service_says_nothing(
    reader: httpx2.AsyncClient, session: AsyncSession, page_of_an_alert: str
) -> None:
    await register(session, slug="search", owner="somebody-else")

    assert "somebody-else" not in (await reader.get(page_of_an_alert)).text
