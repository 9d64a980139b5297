"""What a Prometheus answers to a panel's query: series, each with its name and points."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

TIMEOUT_SECONDS = 30
POINTS = 120


@dataclass(frozen=True)
class Series:
    labels: Mapping[str, str]
    # Seconds since 1970, and the value; NaN is left out.
    points: list[tuple[float, float]]

    @property
    def last(self) -> float:
        return self.points[-1][1]

    def name(self, legend: str) -> str:
        """Return what Grafana calls it: the legend with the values of its labels."""
        return re.sub(r"\{\{(\w+)\}\}", lambda found: self.labels.get(found[1], ""), legend)


@dataclass(frozen=True)
class Prometheus:
    """A server of which the last `seconds` until `end` are asked for."""

    url: str
    end: float
    seconds: float
    # What Grafana fills in: the values of the variables.
    variables: Mapping[str, str]

    def ask(self, query: str, *, instant: bool) -> list[Series]:
        """Return the series that have a point; an error of the query ends with its text."""
        text = self.filled_in(query)
        if instant:
            return self._get("query", {"query": text, "time": str(self.end)})
        step = max(self.seconds / POINTS, 1)
        span = {"start": str(self.end - self.seconds), "end": str(self.end), "step": str(step)}
        return self._get("query_range", {"query": text} | span)

    def filled_in(self, query: str) -> str:
        for variable, value in self.variables.items():
            query = query.replace(f"${variable}", value)
        return query

    def _get(self, kind: str, parameters: Mapping[str, str]) -> list[Series]:
        address = f"{self.url.rstrip('/')}/api/v1/{kind}?{urlencode(parameters)}"
        with urlopen(address, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  given by whoever runs this
            result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        found = [Series(one["metric"], _points(one)) for one in result]
        return [series for series in found if series.points]


def _points(result: Mapping[str, Any]) -> list[tuple[float, float]]:
    raw = result["values"] if "values" in result else [result["value"]]
    points = [(float(at), float(value)) for at, value in raw]
    return [(at, value) for at, value in points if math.isfinite(value)]
