"""How fast alerts travel here: much faster than in production, where patience saves noise."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Intervals:
    """Prometheus durations ("5s", "1m")."""

    scrape_interval: str = "5s"
    evaluation_interval: str = "5s"
    # What fires before Prometheus knows its Alertmanager is first sent this much later.
    resend_delay: str = "10s"
    group_wait: str = "2s"
    group_interval: str = "10s"
    repeat_interval: str = "1h"
