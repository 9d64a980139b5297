"""Plays the Prometheus operator: a ScrapeConfig as a part of prometheus.yml.

A stand-in: it knows the fields that ours has and turns the Secret into a file. The operator's own
rules and defaults, and whatever else it does, are not here.
"""

import re
from pathlib import Path
from typing import Any

Json = dict[str, Any]
_OTHER_NAMES = {
    "relabelings": "relabel_configs",
    "metricRelabelings": "metric_relabel_configs",
    "httpSDConfigs": "http_sd_configs",
}


def as_prometheus_reads_it(spec: Json, *, name: str, token: Path) -> Json:
    """Return an entry of `scrape_configs`; every credential is the token in the file."""
    config: Json = _snake(spec)
    for discovery in config["http_sd_configs"]:
        discovery["authorization"].pop("credentials")
        discovery["authorization"]["credentials_file"] = str(token)
    return {"job_name": f"scrapeConfig/{name}"} | config


def _snake(value: Any) -> Any:
    if isinstance(value, dict):
        return {_name(key): _snake(item) for key, item in value.items()}
    return [_snake(item) for item in value] if isinstance(value, list) else value


def _name(key: str) -> str:
    return _OTHER_NAMES.get(key) or re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", key)
