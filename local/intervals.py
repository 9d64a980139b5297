"""Intervals for alerts, much shorter than in production, where longer ones reduce noise."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Intervals:
    """Prometheus durations ("5s", "1m")."""

    scrape_interval: str = "5s"
    evaluation_interval: str = "5s"
    # Alerts that fire before Prometheus knows its Alertmanager are first sent this much later.
    resend_delay: str = "10s"
    group_wait: str = "2s"
    group_interval: str = "10s"
    repeat_interval: str = "1h"
