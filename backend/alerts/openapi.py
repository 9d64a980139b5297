"""The intake's body for the OpenAPI document: its endpoint reads the body itself."""

from typing import Any

from backend.alerts.intake.limits import MAX_ALERTS
from backend.alerts.intake.payload import AlertMessage, Envelope

EXAMPLE = {
    "version": "4",
    "groupKey": '{}:{alertname="HighErrorRate"}',
    "receiver": "platform",
    "status": "firing",
    "truncatedAlerts": 0,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "HighErrorRate", "service": "checkout", "severity": "critical"},
            "annotations": {"summary": "5 % of the requests fail"},
            "startsAt": "2026-11-24T09:30:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example/graph",
            "fingerprint": "7f1a6e0c5b2d4e3f",
        }
    ],
}


def delivery_body() -> dict[str, Any]:
    """Describe the request body for `openapi_extra`, with every schema inlined."""
    schema = Envelope.model_json_schema()
    # A fingerprint that is missing is computed from the labels.
    alert = AlertMessage.model_json_schema() | {"required": ["status", "labels"]}
    alerts = {
        "type": "array",
        "maxItems": MAX_ALERTS,
        "items": alert,
        "description": "Valid alerts are stored; the others are reported as rejected.",
    }
    schema |= {
        "title": "AlertmanagerMessage",
        "properties": {**schema["properties"], "alerts": alerts},
        "required": ["alerts"],
    }
    content = {"application/json": {"schema": schema, "example": EXAMPLE}}
    return {"requestBody": {"required": True, "content": content}}
