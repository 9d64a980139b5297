"""One event, the way a script or another tool reports an alert, and the alert that it becomes."""

import re
from hashlib import blake2b
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from backend.alerts.intake.limits import (
    MAX_FINGERPRINT_CHARACTERS,
    MAX_LABEL_VALUE_CHARACTERS,
    MAX_NAME_CHARACTERS,
)
from backend.alerts.intake.payload import ZERO_TIMES_END
from backend.http.texts import NO_NUL

MAX_KEY_CHARACTERS = 1024
# Labels besides `service`, `severity` and the name.
MAX_EVENT_LABELS = 100
# A key of dots would be lost from the address of the alert's page.
_FINGERPRINT = re.compile(rf"(?!\.{{1,2}}$)[!-~]{{1,{MAX_FINGERPRINT_CHARACTERS}}}")
_LINKS = {
    "source": "generatorURL",
    "dashboard": "dashboardURL",
    "panel": "panelURL",
    "silence": "silenceURL",
}

# What only helps people is repaired by the intake, whatever its type is.
_Decoration = Annotated[Any, WithJsonSchema({"type": "string"})]
_Label = Annotated[
    Any,
    WithJsonSchema({"type": "string", "maxLength": MAX_LABEL_VALUE_CHARACTERS, "pattern": NO_NUL}),
]
_LabelName = Annotated[str, StringConstraints(max_length=MAX_NAME_CHARACTERS, pattern=NO_NUL)]
# Go writes its zero time for "not set", and null for an empty map.
_Time = Annotated[
    AwareDatetime | None,
    AfterValidator(lambda time: time if time and time > ZERO_TIMES_END else None),
]


class Event(BaseModel):
    """An alert begins with `firing` and ends with `resolved` under the same `dedup_key`."""

    model_config = ConfigDict(extra="ignore", title="Event")

    dedup_key: Annotated[
        str, StringConstraints(min_length=1, max_length=MAX_KEY_CHARACTERS, pattern=NO_NUL)
    ] = Field(description="What the alert is about; the same in every event of an alert.")
    status: Literal["firing", "resolved"]
    summary: _Decoration = Field(None, description="What a person reads first.")
    description: _Decoration = None
    service: _Label = None
    severity: _Label = Field(None, description="For example critical, warning or info.")
    labels: Annotated[
        dict[_LabelName, _Label], BeforeValidator(lambda labels: {} if labels is None else labels)
    ] = Field({}, max_length=MAX_EVENT_LABELS)
    links: Annotated[
        Any, WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}})
    ] = Field(
        None,
        description="Addresses by name: source, dashboard, panel or silence. Others become"
        " annotations.",
    )
    starts_at: _Time = Field(None, description="Now, if it is missing.")
    ends_at: _Time = Field(None, description="Now, if it is missing.")

    def fingerprint(self) -> str:
        """Return the key itself if it can be part of an address, or else a hash of it."""
        if _FINGERPRINT.fullmatch(self.dedup_key):
            return self.dedup_key
        return blake2b(self.dedup_key.encode(), digest_size=16).hexdigest()

    def alert(self) -> dict[str, Any]:
        """Return what Alertmanager would send."""
        links = self.links if isinstance(self.links, dict) else {}
        texts = {"summary": self.summary, "description": self.description}
        texts |= {name: text for name, text in links.items() if name not in _LINKS}
        return {
            "fingerprint": self.fingerprint(),
            "status": self.status,
            "labels": self._labels(),
            "annotations": {name: text for name, text in texts.items() if text is not None},
            "startsAt": self.starts_at,
            "endsAt": self.ends_at,
            **{member: links.get(name) for name, member in _LINKS.items()},
        }

    def _labels(self) -> dict[str, Any]:
        """Name the alert after its key, unless a label does.

        An end often says nothing but the key: then the alert keeps its labels.
        """
        own = {"service": self.service, "severity": self.severity}
        labels = self.labels | {name: value for name, value in own.items() if value is not None}
        if self.status == "resolved" and not labels:
            return {}
        return {"alertname": self.dedup_key, **labels}
