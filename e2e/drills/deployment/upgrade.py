"""Another Kubernetes minor, back and forth, and versions that AWS changes by itself."""

from e2e.deploy.cloud.fake_aws.eks import ADDON, CLUSTER, NODE_GROUP
from e2e.deploy.cloud.fake_aws.rds import INSTANCE
from e2e.deploy.engine.workspace import put_back
from e2e.drills.drill import Checks
from e2e.platform.platform import Platform
from infra.guard import TYPE
from infra.versions import POSTGRES, RECOMMENDED_KUBERNETES

_VERSION, _CONSENT = "cluster.version", "cluster.allowRollback"
_NEWEST = RECOMMENDED_KUBERNETES
_BEFORE = f"1.{int(_NEWEST.removeprefix('1.')) - 1}"
_AFTER = f"1.{int(_NEWEST.removeprefix('1.')) + 1}"
# What must be over before the next begins: types, or the names of add-ons.
_ORDER = (CLUSTER, "cluster-eks-kube-proxy", NODE_GROUP, "managed-addons-coredns")


def kubernetes_upgrade(platform: Platform, checks: Checks) -> None:
    """A minor is rolled back with EKS, then upgraded in order; what AWS upgraded stays."""
    with put_back(platform.engine.workspace.stack_file):
        _roll_back(platform, checks)
        _upgrade(platform, checks)
        _keep(platform, checks)
    platform.engine.refresh()
    platform.engine.up()


def _roll_back(platform: Platform, checks: Checks) -> None:
    """EKS has rolled back nodes and control plane by hand: the program follows with the rest."""
    platform.world.change(NODE_GROUP, version=_BEFORE)
    platform.world.change(CLUSTER, version=_BEFORE)
    platform.engine.refresh()
    platform.engine.set(_VERSION, _BEFORE)
    platform.engine.set(_CONSENT, value=True)
    followed = platform.engine.up()
    changed = {f"{step.type} {step.name}" for step in followed.operations if step.op == "update"}
    checks.note(rolled_back=len(changed))
    untouched = not any(f"{type_} " in name for name in changed for type_ in (CLUSTER, NODE_GROUP))
    checks.require(untouched, f"what EKS rolled back changes again: {sorted(changed)}")
    checks.require(f"{ADDON} {_ORDER[-1]}" in changed, f"no add-on follows: {sorted(changed)}")


def _upgrade(platform: Platform, checks: Checks) -> None:
    """Control plane, its own add-ons, nodes, the add-ons on them."""
    platform.engine.unset(_CONSENT)
    platform.engine.set(_VERSION, _NEWEST)
    seen = len(platform.world.ledger())
    upgraded = platform.engine.up()
    calls = [call for call in platform.world.ledger()[seen:] if not call.error]
    checks.note(upgraded=len(calls), up_s=upgraded.seconds)
    order = [next((key for key in _ORDER if key in (call.type, call.name)), "") for call in calls]
    found = [key for key in order if key]
    checks.require(found == list(_ORDER), f"AWS was asked in this order: {found}")
    checks.require(all(call.op == "update" for call in calls), f"not only updates: {upgraded}")


def _keep(platform: Platform, checks: Checks) -> None:
    """AWS goes ahead by itself: nothing goes back, also when the state knows of it."""
    newest = POSTGRES["15"].newest_minor
    platform.world.change(CLUSTER, version=_AFTER)
    platform.world.change(INSTANCE, engineVersion=f"15.{newest}")
    platform.engine.set("database.version", f"15.{newest - 1}")
    platform.engine.refresh()
    kept = platform.engine.up()
    # A pin also turns RDS's own upgrades off.
    changed = {step.type for step in kept.operations} - {TYPE, INSTANCE}
    checks.note(kept=2)
    checks.require(not changed, f"what AWS upgraded is changed: {changed}")
    for text in (f"EKS runs Kubernetes {_AFTER}", f"PostgreSQL 15.{newest} runs"):
        checks.require(text in kept.text, f"up does not say: {text}")
    platform.world.change(CLUSTER, version=_NEWEST)
    platform.world.change(INSTANCE, engineVersion="15")
