"""Changes of an existing stack that AWS refuses, or that lose data. Pure.

AWS refuses such a change half-way through `pulumi up`, or Pulumi replaces what holds the data. Each
row below is compared before anything is touched: infra/guard.py does it in `pulumi preview`, and
`make plan SINCE=<plan.json>` without an account.
"""

import json
from collections.abc import Mapping, Sequence

from infra.config.database import ApplyChanges
from infra.config.network import ExistingNetwork
from infra.config.options import Options
from infra.naming import DATABASE_INSTANCE, Names
from infra.validation.database import check_connections
from infra.validation.guarded import Guarded, Value, fixed, kept, unmoved
from infra.validation.undeletable import UNDELETABLE


def values(options: Options, names: Names) -> dict[str, Value]:
    """Return what the state keeps, for the comparison with a later run."""
    return {setting: guarded.read(options, names) for setting, guarded in GUARDED.items()}


def in_place(options: Options, names: Names) -> dict[str, Value]:
    """Return those of `values` that are true only after a complete `pulumi up`."""
    return {
        setting: guarded.read(options, names)
        for setting, guarded in GUARDED.items()
        if guarded.in_place
    }


def refusals(
    tried: Mapping[str, object],
    options: Options,
    names: Names,
    *,
    reached: Mapping[str, object] | None = None,
) -> list[str]:
    """Return one sentence for each refused change since `tried`, the result of `values`.

    `reached` is the result of `in_place` at the last complete `pulumi up`, by default the same as
    `tried`. What was tried since then may have failed, so it can be taken back, and also continued.
    A setting that is in neither is new in this version of the program: nothing is known of it.
    """
    reached = tried if reached is None else reached
    sentences = []
    for setting, guarded in GUARDED.items():
        olds = [tried, reached] if guarded.in_place else [tried]
        held = [old.get(setting, guarded.unset) for old in olds]
        if None in held:
            continue
        befores, after = [_plain(one) for one in held], guarded.read(options, names)
        reasons = [
            None
            if guarded.of_instance and _source(options) not in {"", old.get(_RESTORE_FROM)}
            else guarded.rule(before, after, options)
            for old, before in zip(olds, befores, strict=True)
        ]
        if all(reasons):
            sentences.append(
                f"{setting} cannot change from {_text(befores[-1])} to {_text(after)}:"
                f" {reasons[-1]}. {guarded.remedy}."
            )
    return sentences


def _kubernetes(old: Value, new: Value, options: Options) -> str | None:
    before, after = _version(old)[1], _version(new)[1]
    if after < before - 1:
        return "EKS has no way back to that version"
    if after < before and not options.cluster.allow_rollback:
        return (
            "EKS has no way back but its own rollback within 7 days of an upgrade, and"
            " cluster.allowRollback is false"
        )
    return "EKS upgrades one minor at a time" if after > before + 1 else None


def _postgres(old: Value, new: Value, options: Options) -> str | None:
    before, after = _version(old), _version(new)
    database = options.database
    if after[0] > before[0] and not database.allow_major_upgrade:
        return "a new major version rewrites the data, and database.allowMajorUpgrade is false"
    if after[0] > before[0] and database.apply_changes is ApplyChanges.WINDOW:
        return (
            "a new major needs its own parameter group at once, and database.applyChanges is window"
        )
    # A major alone leaves the minor to AWS: nothing is known about it.
    known = min(len(before), len(after))
    if after[:known] < before[:known]:
        return "RDS has no way back to an older version"
    return None


def _class(old: Value, new: Value, options: Options) -> str | None:
    """Compare the pools with the class that runs until the maintenance window."""
    if old == new or options.database.apply_changes is ApplyChanges.NOW:
        return None
    found = [problem.message for problem in check_connections(options, str(old))]
    return f"{old} runs until the maintenance window, and {found[0]}" if found else None


def _restored(old: Value, new: Value, _: Options) -> str | None:
    return "an empty database would replace the restored one" if old and not new else None


def _storage(old: Value, new: Value, _: Options) -> str | None:
    return "RDS cannot shrink a volume" if int(str(new)) < int(str(old)) else None


def _version(value: Value) -> tuple[int, ...]:
    return tuple(map(int, str(value).split(".")))


def _plain(value: object) -> Value:
    """Undo what the engine does to values: every number of the state is a float."""
    if isinstance(value, float):
        return int(value)
    if isinstance(value, str | int):
        return value
    assert isinstance(value, Sequence)  # noqa: S101  `values` makes nothing else
    return [str(member) for member in value]


def _text(value: Value) -> str:
    return json.dumps(value) if isinstance(value, list) else str(value) or "nothing"


_RESTORE_FROM = "database.restoreFrom"
_SUBNETS_IN_USE = "subnets cannot move while nodes, load balancer and database use them"
_NEW_STACK = (
    "Make a new stack with this value, and restore the database there from a snapshot"
    " (docs/recovery.md). A stack that holds no data yet can be destroyed first"
)

GUARDED: Mapping[str, Guarded] = {
    **UNDELETABLE,
    "region": Guarded(
        lambda options, _: options.region,
        fixed("everything would be made anew in the other region, without the data"),
        "Make a new stack there, and restore the database from a copy of its snapshot"
        " (docs/recovery.md)",
    ),
    "name": Guarded(
        lambda _, names: names.cluster,
        fixed("cluster and database would be replaced"),
        "Keep the names of project and stack",
    ),
    "rolePath": Guarded(
        lambda options, _: options.role_path,
        fixed("IAM cannot move a role, and a cluster cannot change its role"),
        "Make a new stack with this path",
        unset="/",
    ),
    "network.cidr": Guarded(
        lambda options, _: str(options.network.cidr or ""),
        kept("AWS cannot change the range of a VPC, and a new VPC replaces everything in it"),
        _NEW_STACK,
    ),
    "network.zones": Guarded(
        lambda options, _: list(options.network.zones),
        fixed("EKS keeps the zones of its control plane's subnets for ever"),
        _NEW_STACK,
    ),
    "network.publicCidrs": Guarded(
        lambda options, _: _texts(options.network.public_cidrs),
        unmoved(_SUBNETS_IN_USE),
        _NEW_STACK,
    ),
    "network.privateCidrs": Guarded(
        lambda options, _: _texts(options.network.private_cidrs),
        unmoved(_SUBNETS_IN_USE),
        _NEW_STACK,
    ),
    "network.databaseCidrs": Guarded(
        lambda options, _: _texts(options.network.database_cidrs),
        unmoved(_SUBNETS_IN_USE),
        _NEW_STACK,
    ),
    # The public subnets may change: the load balancer moves in place.
    "network.existing": Guarded(
        lambda options, _: _existing(options.network.existing),
        kept("everything in the VPC would be replaced"),
        _NEW_STACK,
    ),
    "cluster.logClass": Guarded(
        lambda options, _: options.cluster.log_class.value,
        fixed(
            "CloudWatch cannot change the class of a log group, and EKS writes to the group of this"
            " name alone"
        ),
        "Keep the class, or choose it for a new stack",
    ),
    "cluster.version": Guarded(
        lambda options, _: options.cluster.version,
        _kubernetes,
        "Name the version that runs, or the next minor. docs/first-year.md describes both ways",
        in_place=True,
    ),
    "database.version": Guarded(
        lambda options, _: options.database.version,
        _postgres,
        "Name the version that runs. docs/first-year.md describes the upgrade to a new major",
        in_place=True,
        of_instance=True,
    ),
    "database.instanceClass": Guarded(
        lambda options, _: options.database.instance_class,
        _class,
        "Set database.applyChanges to now, or raise the pools after the class has changed",
        in_place=True,
        of_instance=True,
    ),
    "database.identifier": Guarded(
        lambda *_: DATABASE_INSTANCE,
        fixed("the database would be replaced by an empty one"),
        "Keep the name in infra/naming.py, or restore a snapshot at the same time",
        of_instance=True,
        unset="database-instance",
    ),
    "database.kmsKey": Guarded(
        lambda options, _: options.database.kms_key or "",
        fixed("RDS cannot encrypt a volume anew, and an empty database would replace this one"),
        "Keep the key, or restore a copy of a snapshot that has the other key (docs/recovery.md)",
        # A restore with another key may fail, and is then taken back.
        in_place=True,
        of_instance=True,
        unset="",
    ),
    _RESTORE_FROM: Guarded(
        lambda options, _: _source(options),
        _restored,
        "Keep the setting as long as the database lives, or name another source",
        in_place=True,
    ),
    "database.storageGb": Guarded(
        lambda options, _: options.database.storage_gb,
        _storage,
        "Keep the size; storage that is not used can only be left behind by a new database",
        in_place=True,
        of_instance=True,
    ),
}


def _source(options: Options) -> str:
    restored = options.database.restore_from
    return restored.source if restored else ""


def _texts(members: Sequence[object]) -> list[str]:
    return [str(member) for member in members]


def _existing(network: ExistingNetwork | None) -> list[str]:
    if network is None:
        return []
    return [network.vpc_id, *network.private_subnet_ids, *network.database_subnet_ids]
