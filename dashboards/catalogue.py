"""All dashboards, and the file that each is rendered to: what is committed is what is deployed."""

from collections.abc import Mapping
from pathlib import Path

from dashboards import backend, cost, database, kubernetes, overview
from dashboards.page import Page, render

CHECKOUT = Path(__file__).parents[1]
# The backend's goes with the backend, wherever that is installed; the others with the program.
IN_CHART = Path("charts/backend/files/dashboards")
IN_PROGRAM = Path("infra/monitoring/grafana_dashboards")


def pages() -> dict[Path, Page]:
    """Return each dashboard by its file, a path within the repository."""
    return {
        IN_PROGRAM / "overview.json": overview.page(),
        IN_CHART / "backend.json": backend.page(),
        IN_PROGRAM / "database.json": database.page(),
        IN_PROGRAM / "kubernetes.json": kubernetes.page(),
        IN_PROGRAM / "cost.json": cost.page(),
    }


def rendered() -> Mapping[Path, str]:
    return {path: render(page) for path, page in pages().items()}
