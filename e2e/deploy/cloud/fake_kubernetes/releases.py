"""Helm releases, by the real helm."""

import json
from typing import Any

import yaml

from e2e.deploy.cloud.fake_kubernetes.commands import Commands, Rejected
from e2e.deploy.cloud.fake_kubernetes.wire import Properties, has_unknowns

_TIMEOUT_SECONDS = 300  # the real provider's
_FLAGS = {
    "reuseValues": "--reuse-values",
    "resetValues": "--reset-values",
    "atomic": "--rollback-on-failure",
    "cleanupOnFail": "--cleanup-on-fail",
    "skipCrds": "--skip-crds",
    "createNamespace": "--create-namespace",
    "waitForJobs": "--wait-for-jobs",
}
_OTHERS = {
    "name",
    "namespace",
    "chart",
    "version",
    "values",
    "timeout",
    "maxHistory",
    "skipAwait",
    "compat",  # which the SDK always says
}


def checked(commands: Commands | None, inputs: Properties) -> list[tuple[str, str]]:
    """Complete the inputs; give property and reason of what the stand-in cannot do."""
    if unknown := inputs.keys() - _OTHERS - _FLAGS.keys():
        return [(name, "is not known to the stand-in") for name in sorted(unknown)]
    if not inputs.get("name"):
        return [("name", "is missing; the stand-in makes up no names: give one")]
    inputs.setdefault("namespace", "default")
    inputs.setdefault("timeout", _TIMEOUT_SECONDS)
    if commands and not has_unknowns(inputs):
        # The chart's own version, also of a folder: a new one is what makes `up` upgrade.
        try:
            inputs["version"] = _chart(commands, inputs)["version"]
        except Rejected as error:
            return [("chart", str(error))]
    return []


def create(commands: Commands, inputs: Properties) -> Properties:
    """Install; picks up a release whose first installation failed."""
    found = _status(commands, inputs["namespace"], inputs["name"])
    if found and found["status"] == "deployed":
        raise Rejected(f"release {inputs['name']}: cannot re-use a name that is still in use")
    return upgrade(commands, inputs)


def upgrade(commands: Commands, inputs: Properties) -> Properties:
    options = [flag for name, flag in _FLAGS.items() if inputs.get(name)]
    if not inputs.get("skipAwait"):
        options.append("--wait")
    if history := inputs.get("maxHistory"):
        options.append(f"--history-max={history}")
    commands.helm(
        "upgrade",
        "--install",
        inputs["name"],
        inputs["chart"],
        f"--namespace={inputs['namespace']}",
        f"--timeout={inputs['timeout']}s",
        # The real provider has Helm 3 inside, which knows no server-side apply.
        "--server-side=false",
        *_version(inputs),
        *options,
        "--values=-",
        stdin=json.dumps(inputs.get("values") or {}),
    )
    return inputs | {"status": _status(commands, inputs["namespace"], inputs["name"])}


def read(commands: Commands, state: Properties, identity: str) -> Properties | None:
    """Find the release; values that CD has set enter the state, never the inputs."""
    namespace, _, name = identity.partition("/")
    status = _status(commands, namespace, name)
    if status is None:
        return None
    answer = commands.helm("get", "values", name, f"--namespace={namespace}", "--output=json")
    values = _merged(state.get("values"), json.loads(answer) or {})
    known = state or {"name": name, "namespace": namespace, "chart": status["chart"]}
    return known | {"values": values, "version": status["version"], "status": status}


def delete(commands: Commands, state: Properties) -> None:
    wait = () if state.get("skipAwait") else ("--wait",)
    scope = f"--namespace={state['namespace']}"
    commands.helm("uninstall", state["name"], scope, "--ignore-not-found", *wait)


def _chart(commands: Commands, inputs: Properties) -> Properties:
    text = commands.helm("show", "chart", inputs["chart"], *_version(inputs))
    chart: Properties = yaml.safe_load(text)
    return chart


def _version(inputs: Properties) -> tuple[str, ...]:
    return (f"--version={inputs['version']}",) if inputs.get("version") else ()


def _status(commands: Commands, namespace: str, name: str) -> Properties | None:
    scope = (f"--namespace={namespace}", f"--filter=^{name}$")
    found = json.loads(commands.helm("list", *scope, "--output=json"))
    if not found:
        return None
    chart, _, version = found[0]["chart"].rpartition("-")
    return {
        "name": name,
        "namespace": namespace,
        "revision": int(found[0]["revision"]),
        "chart": chart,
        "version": version,
        "appVersion": found[0]["app_version"],
        "status": found[0]["status"],
    }


def _merged(base: Any, over: Any) -> Any:
    if isinstance(base, dict) and isinstance(over, dict):
        return base | {key: _merged(base.get(key), value) for key, value in over.items()}
    return over
