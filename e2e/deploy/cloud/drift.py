"""What a refresh sees: the state as Pulumi knows it, with what somebody changed outside."""

from collections.abc import Mapping

from e2e.deploy.cloud.records import Resource
from e2e.deploy.cloud.values import Json, Values, as_values, holds_secret, reveal


def seen(state: Values, inputs: Values, found: Resource) -> tuple[Values, Values]:
    """Return state and inputs of `found`; without any known state it is an import."""
    if not state:
        live = as_values(found.outputs)
        return live, {key: live[key] for key in found.inputs if key in live}
    return _overlaid(state, found.outputs), _overlaid(inputs, found.outputs)


def _overlaid(known: Values, live: Mapping[str, Json]) -> Values:
    """Keys that only `live` has are outputs, not drift; secrets it does not have."""
    plain = reveal(known)
    changed = {
        key: _projected(plain[key], live[key], whole=key.startswith("tags"))
        for key, value in known.items()
        if key in live and not holds_secret(value)
    }
    return known | as_values(changed)


def _projected(old: Json, new: Json, *, whole: bool) -> Json:
    if isinstance(old, dict) and isinstance(new, dict) and not whole:
        return {key: _projected(value, new.get(key), whole=False) for key, value in old.items()}
    return new
