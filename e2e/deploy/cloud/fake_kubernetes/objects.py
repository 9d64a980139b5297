"""Plain objects, by kubectl's server-side apply. Nothing waits for a workload to become ready."""

import base64
import json
from typing import Any

from e2e.deploy.cloud.fake_kubernetes.commands import Commands, Rejected
from e2e.deploy.cloud.fake_kubernetes.wire import Properties

_MANAGER = "pulumi-kubernetes"
# Of metadata, what the API server and not the author writes.
_SERVERS = ("creationTimestamp", "generation", "resourceVersion", "selfLink", "uid")
_DELETE_SECONDS = 300


def checked(inputs: Properties) -> list[tuple[str, str]]:
    """Give property and reason of what the stand-in cannot do."""
    if not (inputs.get("metadata") or {}).get("name"):
        return [("metadata.name", "is missing; the stand-in makes up no names: give one")]
    return []


def create(commands: Commands, inputs: Properties) -> Properties:
    """Make it; one that exists is not taken over."""
    place = identity(inputs)
    if read(commands, inputs, place):
        raise Rejected(f"{inputs['kind']} {place} already exists")
    return apply(commands, inputs)


def apply(commands: Commands, inputs: Properties) -> Properties:
    answer = commands.kubectl(
        "apply",
        "--server-side",
        "--force-conflicts",
        f"--field-manager={_MANAGER}",
        "--validate=strict",
        "--filename=-",
        "--output=json",
        stdin=json.dumps(inputs),
    )
    return _outputs(json.loads(answer))


def read(commands: Commands, inputs: Properties, identity: str) -> Properties | None:
    """Find the live object; None when it is gone."""
    namespace, _, name = identity.rpartition("/")
    answer = commands.kubectl(
        "get", _resource(inputs), name, *_scope(namespace), "--ignore-not-found", "--output=json"
    )
    return _outputs(json.loads(answer)) if answer.strip() else None


def delete(commands: Commands, state: Properties, identity: str) -> None:
    namespace, _, name = identity.rpartition("/")
    wait = ("--ignore-not-found", f"--timeout={_DELETE_SECONDS}s")
    commands.kubectl("delete", _resource(state), name, *_scope(namespace), *wait)


def identity(properties: Properties) -> str:
    metadata = properties["metadata"]
    return "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))


def inputs_of(live: Properties, inputs: Properties) -> Properties:
    """Give the inputs as the live object has them: drift in what the program gives, and no more."""
    if not inputs:  # an import
        metadata = {k: v for k, v in live["metadata"].items() if k not in _SERVERS}
        return {k: v for k, v in live.items() if k != "status"} | {"metadata": metadata}
    projected: Properties = _projected(inputs, live | _text(live))
    return projected


def _projected(wanted: Any, live: Any) -> Any:
    if isinstance(wanted, dict) and isinstance(live, dict):
        return {key: _projected(value, live[key]) for key, value in wanted.items() if key in live}
    return live


def _text(live: Properties) -> Properties:
    # stringData is only written, never read: it is data in clear.
    data = live.get("data") or {}
    if live["kind"] != "Secret":
        return {}
    return {"stringData": {key: base64.b64decode(value).decode() for key, value in data.items()}}


def _outputs(live: Properties) -> Properties:
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    return live | {"metadata": metadata}


def _resource(properties: Properties) -> str:
    # StorageClass.v1.storage.k8s.io, which kubectl resolves without ambiguity.
    group, _, version = properties["apiVersion"].rpartition("/")
    return f"{properties['kind']}.{version}.{group}"


def _scope(namespace: str) -> tuple[str, ...]:
    return (f"--namespace={namespace}",) if namespace else ()
