"""What `pulumi destroy` would take, and what would stay, as the plan shows it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from infra.plan.model import Json, Plan

Inputs: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Destruction:
    """Sentences in the order of the resources."""

    # Resources that Pulumi or AWS refuses to delete.
    refused: tuple[str, ...]
    lost: tuple[str, ...]
    stays: tuple[str, ...]


def destruction(plan: Plan) -> Destruction:
    """Read it from the inputs, because AWS acts on these and not on the settings."""
    lost: list[str] = []
    stays: list[str] = []
    for resource in plan.resources:
        kind = _KINDS.get(resource.type)
        for text, is_lost in kind(resource.inputs) if kind else ():
            (lost if is_lost else stays).append(text)
    refused = [r.name for r in plan.resources if r.protect or _protected(r.inputs)]
    return Destruction(tuple(refused), tuple(lost), tuple(stays))


def _protected(inputs: Inputs) -> bool:
    return bool(inputs.get("deletionProtection") or inputs.get("enableDeletionProtection"))


_Lost: TypeAlias = tuple[str, bool]


def _database(inputs: Inputs) -> Iterator[_Lost]:
    if inputs["skipFinalSnapshot"]:
        yield "the database, without a last snapshot (database.finalSnapshot)", True
    else:
        yield f"the database's last snapshot, {inputs['finalSnapshotIdentifier']}", False
    if inputs["deleteAutomatedBackups"]:
        yield "the database's automated backups (database.keepBackups)", True
    else:
        days = inputs["backupRetentionPeriod"]
        yield f"the database's automated backups, for up to {days} days", False
    for log in _texts(inputs.get("enabledCloudwatchLogsExports")):
        yield f"the log group /aws/rds/instance/<identifier>/{log}, which RDS made", False


def _texts(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _backup_copies(inputs: Inputs) -> Iterator[_Lost]:
    days, region = inputs["retentionPeriod"], inputs["region"]
    yield f"the copies of the backups in {region}, for up to {days} days", False


def _emptied(what: str, flag: str) -> Callable[[Inputs], Iterator[_Lost]]:
    def kind(inputs: Inputs) -> Iterator[_Lost]:
        if inputs.get(flag):
            yield what, True
        else:
            yield f"{what}: `pulumi destroy` stops while there are any (destroyData)", False

    return kind


def _log_group(inputs: Inputs) -> Iterator[_Lost]:
    yield f"the log group {inputs['name']}", True


def _storage_class(inputs: Inputs) -> Iterator[_Lost]:
    if inputs.get("reclaimPolicy", "Delete") == "Delete":
        yield "the volumes of Prometheus, Loki, Jaeger and others in the cluster", True


_KINDS: Mapping[str, Callable[[Inputs], Iterator[_Lost]]] = {
    "aws:rds/instance:Instance": _database,
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": (
        _backup_copies
    ),
    "aws:ecr/repository:Repository": _emptied("the images in the registry", "forceDelete"),
    "aws:s3/bucket:Bucket": _emptied("the logs in the bucket", "forceDestroy"),
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "kubernetes:storage.k8s.io/v1:StorageClass": _storage_class,
}
