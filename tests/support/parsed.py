"""Deliveries as bytes, and what became of them when they were parsed."""

import json

from backend.alerts.intake.delivery import Delivery
from backend.alerts.intake.payload import AlertMessage


def encoded(message: object) -> bytes:
    return json.dumps(message).encode()


def rejections(delivery: Delivery) -> list[tuple[int, str]]:
    return [(rejected.index, rejected.code) for rejected in delivery.rejections.listed]


def stored(delivery: Delivery) -> list[tuple[str, int]]:
    return [
        (alert.fingerprint, times)
        for chunk in delivery.chunks()
        for alert, times in zip(chunk.alerts, chunk.times, strict=True)
    ]


def accepted(delivery: Delivery) -> list[AlertMessage]:
    return [alert for chunk in delivery.chunks() for alert in chunk.alerts]


def raw_alert(**members: bytes) -> bytes:
    """Return the bytes of an alert whose members are given as bytes of JSON, right or wrong."""
    usual = {"status": b'"firing"', "labels": b'{"a":"b"}', "fingerprint": b'"f"'}
    return b"{%b}" % b",".join(b'"%b":%b' % (n.encode(), v) for n, v in (usual | members).items())
