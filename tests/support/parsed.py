"""Looking at parsed deliveries."""

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
