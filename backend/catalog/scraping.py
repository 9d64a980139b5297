"""The scrape targets that a service may declare, and their form for Prometheus.

Prometheus accepts the whole list or nothing: one group that it cannot parse would stop discovery
for all services, so everything is checked when it is written.
"""

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from backend.http.texts import NO_NUL
from backend.sentences import described

MAX_GROUPS = 10
MAX_TARGETS = 50  # in one group
MAX_LABELS = 16

# These labels say where in the cluster a series comes from, what an alert is, or which bucket it
# is. A target that chose them itself could pass for another. `service` is the slug.
RESERVED_LABELS = (
    "alertname",
    "cluster",
    "container",
    "endpoint",
    "instance",
    "job",
    "le",
    "namespace",
    "node",
    "pod",
    "prometheus",
    "prometheus_replica",
    "quantile",
    "service",
    "severity",
)

_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = rf"{_OCTET}(\.{_OCTET}){{3}}"
# The last part of a name must not begin with a digit, which rules out broken IPv4 addresses.
_PART = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = rf"({_PART}\.)*[A-Za-z]([A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?"
_PORT = r"(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
_TARGET = described(
    rf"^({_IPV4}|{_NAME}):{_PORT}$",
    "It must be host:port, for example checkout.shop.svc.cluster.local:8080.",
)
# Characters of a path (RFC 3986) without a query: Prometheus would escape the question mark.
_PATH = described(
    r"^/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$", "It must be a path such as /metrics, without a query."
)
# Names with two underscores belong to Prometheus: they could change what is scraped, and how.
_LABEL_NAME = described(
    r"^[A-Za-z][A-Za-z0-9_]*$",
    "It must be a label's name: letters, digits and underscores, with a letter first.",
)
MAX_LABEL_NAME = 63
MAX_LABEL_VALUE = 200


def _not_reserved(name: str) -> str:
    if name in RESERVED_LABELS:
        raise ValueError(
            f"is one of the labels that a target may not set: {', '.join(RESERVED_LABELS)}"
        )
    return name


Target = Annotated[str, StringConstraints(pattern=_TARGET, max_length=259, to_lower=True)]
_LabelName = Annotated[
    str,
    StringConstraints(pattern=_LABEL_NAME, max_length=MAX_LABEL_NAME),
    AfterValidator(_not_reserved),
]
# As in Prometheus, an empty label is one that is not there.
_LabelValue = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_LABEL_VALUE, pattern=NO_NUL)
]
Labels = Annotated[
    dict[_LabelName, _LabelValue],
    Field(max_length=MAX_LABELS),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": MAX_LABELS,
            "propertyNames": {
                "pattern": _LABEL_NAME,
                "maxLength": MAX_LABEL_NAME,
                "not": {"enum": list(RESERVED_LABELS)},
            },
            "additionalProperties": {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_LABEL_VALUE,
                "pattern": NO_NUL,
            },
        }
    ),
]


class ScrapeGroup(BaseModel):
    """Addresses that are scraped the same way."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    targets: list[Target] = Field(
        min_length=1,
        max_length=MAX_TARGETS,
        json_schema_extra={"uniqueItems": True},
        description="host:port. The host is a name or an IPv4 address.",
        examples=[["checkout.shop.svc.cluster.local:8080"]],
    )
    scheme: Literal["http", "https"] = "http"
    metrics_path: str = Field("/metrics", pattern=_PATH, max_length=200)
    labels: Labels = Field(
        default={},
        description="Labels of every series, in addition to `service`. Reserved names: "
        + ", ".join(RESERVED_LABELS),
        examples=[{"environment": "production"}],
    )


class StoredGroup(BaseModel):
    """A ScrapeGroup as stored: later validation rules must not make the catalog unreadable."""

    targets: list[str] = Field(examples=[["checkout.shop.svc.cluster.local:8080"]])
    scheme: str = Field(examples=["http"])
    metrics_path: str = Field(examples=["/metrics"])
    labels: dict[str, str] = Field(examples=[{"environment": "production"}])


class ScrapeTargets(BaseModel):
    """Mixin: the groups of one service."""

    scrape_targets: list[ScrapeGroup] = Field(
        default=[],
        max_length=MAX_GROUPS,
        description="Where Prometheus finds its metrics. Each address and path may appear once.",
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        seen: set[tuple[str, str, str]] = set()
        for group in self.scrape_targets:
            for target in group.targets:
                address = (group.scheme, target, group.metrics_path)
                if address in seen:
                    raise ValueError(
                        f"scrape_targets lists {group.scheme}://{target}{group.metrics_path} twice:"
                        " each series would exist twice"
                    )
                seen.add(address)
        return self


class TargetGroup(BaseModel):
    """One group in the format of Prometheus' HTTP discovery, which accepts no other keys."""

    targets: list[str] = Field(examples=[["checkout.shop.svc.cluster.local:8080"]])
    labels: dict[str, str] = Field(
        examples=[{"service": "checkout", "__scheme__": "http", "__metrics_path__": "/metrics"}]
    )


def target_group(slug: str, group: StoredGroup) -> TargetGroup:
    ours = {
        "service": slug,
        "__scheme__": group.scheme,
        "__metrics_path__": group.metrics_path,
    }
    # Our label comes last, to override one that an older release accepted.
    return TargetGroup(targets=group.targets, labels={**group.labels, **ours})
