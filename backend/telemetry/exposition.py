"""GET /metrics for API and worker, in the preferred format. Only OpenMetrics has exemplars."""

from http import HTTPStatus

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.openmetrics import exposition as openmetrics
from starlette.requests import Request
from starlette.responses import Response

# Without this, each counter and histogram has one more series, `_created`, for each set of labels.
# Prometheus would store them, and nobody needs them: 28 of the 122 series of an idle API.
disable_created_metrics()  # type: ignore[no-untyped-call]  # as it is

_OPENMETRICS = "application/openmetrics-text"
_TEXT = ("text/plain", "text/*", "*/*")


def metrics(request: Request) -> Response:
    """Answer a scrape. Not a coroutine: it takes milliseconds, so it runs in a thread.

    prometheus_client's own choice of a format fails for a version that is no number, and
    prometheus-fastapi-instrumentator's endpoint knows no format with exemplars.
    """
    # The load balancer hides the path as it is written, and not /%6detrics, which means the same.
    if request.scope.get("raw_path") not in {None, b"/metrics"}:
        return Response(status_code=HTTPStatus.NOT_FOUND)
    if prefers_openmetrics(request.headers.get("accept", "")):
        text: bytes = openmetrics.generate_latest(REGISTRY)  # type: ignore[no-untyped-call]  # as it is
        return Response(text, media_type=openmetrics.CONTENT_TYPE_LATEST)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def prefers_openmetrics(accept: str) -> bool:
    """Return whether the client prefers OpenMetrics to the text format, or has no preference."""
    weights: dict[str, float] = {}
    for part in accept.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weights[media_type] = max(weights.get(media_type, 0.0), _weight(parameters))
    asked = weights.get(_OPENMETRICS, 0.0)
    return asked > 0 and asked >= next((weights[name] for name in _TEXT if name in weights), 0.0)


def _weight(parameters: list[str]) -> float:
    given = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return float(given)
    except ValueError:
        return 0.0
