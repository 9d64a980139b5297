"""`make e2e CLOUD=aws`: asks, deploys, drills, and destroys whatever happens."""

import os
import secrets
import shutil
import signal
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from e2e.account.account import Account, of_dev
from e2e.account.engine import AccountEngine
from e2e.cluster.shell import run as ask
from e2e.deploy.engine.stacks import Stack
from e2e.deploy.engine.workspace import Workspace
from e2e.drills import runner
from e2e.drills.drill import Drill
from e2e.platform.errors import PlatformError
from e2e.programs.cache import NAME
from infra.plan.leftovers import ask_aws
from infra.versions import EKS_HOURLY_USD, HOURS_PER_MONTH

PROGRAMS = ("pulumi", "aws", "kubectl", "helm", "docker", "make", "uv")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_DOWN = "make e2e-down CLOUD=aws"
_HOURS = 4  # of all drills: everything is made twice, the database four times
# US dollars an hour in us-east-1, recalled and rounded: a figure to decide by, not a bill.
_HOURLY_USD = {
    "control plane": EKS_HOURLY_USD,
    "3 t3.medium": 3 * 0.0416,
    "NAT gateway": 0.045,
    "load balancer with 1 capacity unit": 0.0225 + 0.008,
    "db.t3.micro": 0.018,
    "3 public addresses": 3 * 0.005,
    "80 GB, logs, traffic": 0.05,
}

Say = Callable[[str], None]


def run(stack: Stack, drills: Sequence[Drill], report: Path, say: Say) -> int:
    """Deploy a stack of its own and drill it; 1 when a drill failed, or something is left."""
    if left := _left():
        raise PlatformError(f"an earlier run has left {', '.join(left)}: run `{_DOWN}` first")
    if missing := [program for program in PROGRAMS if shutil.which(program) is None]:
        raise PlatformError(f"not on PATH: {', '.join(missing)}; docs/deploy.md names the versions")
    region, allowed = of_dev("region"), of_dev("allowedAccountId")
    caller = ask_aws(["sts", "get-caller-identity"], region)
    name, account = f"e2e-{secrets.token_hex(3)}", str(caller["Account"])
    if allowed and account != allowed:
        raise PlatformError(f"these are credentials of {account}, Pulumi.dev.yaml allows {allowed}")
    settings = settings_of(stack, account, source := f"{_address()}/32", now=time.time())
    hourly = sum(_HOURLY_USD.values())
    print(
        f"This deploys the stack {name} to {region}, and destroys it at the end.\n"
        f"account {account}, as {caller['Arn']}\n"
        f"costs   about ${hourly:.2f} an hour: {', '.join(_HOURLY_USD)}\n"
        f"        all drills about ${hourly * _HOURS:.1f} in {_HOURS} hours;"
        f" ${hourly * HOURS_PER_MONTH:.0f} a month if it is forgotten\n"
        f"tags    {settings['tags']}, and Environment={name}\n"
        f"admits  {source} alone to the Kubernetes API and the load balancer",
        flush=True,
    )
    _require_consent(account)
    _on_signals(_end)
    directory, passed = _state() / name, False
    try:
        Workspace.create(directory / "engine", settings, name)
        engine = AccountEngine(directory)
        engine.init()
        versions = {"pulumi": ask("pulumi", "version"), "aws": ask("aws", "--version")}
        platform = Account.of(engine, stack)
        outcome = runner.run(platform, drills, versions=versions, file=report, say=say)
        passed = outcome.passed
        say(f"\n{outcome.table()}\nwritten to {report}")
    finally:
        destroyed = _destroy(directory, say)
    return 0 if passed and destroyed else 1


def down(say: Say) -> int:
    """Destroy what a run has left that was killed, or could not destroy it; 1 if it stays."""
    destroyed = [_destroy(_state() / name, say) for name in _left()]
    if not destroyed:
        say("no run has left a stack")
    return 0 if all(destroyed) else 1


def settings_of(stack: Stack, account: str, source: str, *, now: float) -> dict[str, object]:
    """Give the settings that differ from those of `dev`, by their paths."""
    expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 2 * _HOURS * 3600))
    return {
        "allowedAccountId": account,
        "tags": {"Purpose": "e2e", "Expires": expires},
        "deletionProtection": False,
        "destroyData": True,
        "database.keepBackups": False,
        "cluster.publicEndpointCidrs": [source],
        "loadBalancer.sourceCidrs": [source],
        "observability.enabled": stack.monitored,
    }


def _destroy(directory: Path, say: Say) -> bool:
    """Destroy a stack and what it keeps. While something is there, its folder stays."""
    _on_signals(lambda *_: say("everything is being destroyed, and that goes on"))
    say(f"destroying {directory.name}: this takes about 20 minutes; do not kill it")
    account = Account.of(AccountEngine(directory), Stack.PLATFORM)
    try:
        account.engine.remove()
        account.remove_kept()
        left = account.remains()
    except Exception as error:  # noqa: BLE001 - whatever it is, the reader must learn what is left
        left = [str(error)]
    if left:
        say(f"{directory.name} is not destroyed: run `{_DOWN}`. This is left:")
        say("\n".join(left))
        return False
    shutil.rmtree(directory)
    say(f"{directory.name} is destroyed, and nothing is left")
    return True


def _require_consent(account: str) -> None:
    if answer := os.environ.get("CONFIRM", ""):
        if answer != account:
            raise PlatformError(f"CONFIRM={answer} is not the account {account}")
    elif not sys.stdin.isatty():
        raise PlatformError(f"nobody can be asked: set CONFIRM={account} to agree")
    elif input("Type yes to go on: ").strip() != "yes":
        raise PlatformError("nothing was made")


def _end(number: int, _: object) -> None:
    """End the drills at the first signal; the destroy, which follows, is not interrupted."""
    _on_signals(lambda *_: None)
    sys.exit(128 + number)


def _on_signals(handler: Callable[[int, object], None]) -> None:
    for number in SIGNALS:
        signal.signal(number, handler)


def _address() -> str:
    """Ask under which address AWS sees this machine."""
    with urllib.request.urlopen("https://checkip.amazonaws.com", timeout=30) as answer:
        return str(answer.read().decode().strip())


def _state() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    directory = Path(base) / NAME
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return directory


def _left() -> list[str]:
    return sorted(path.name for path in _state().glob("e2e-*"))
