"""What RDS keeps for the maintenance window, and what is in force until then. Pure.

RDS changes class, standby, storage and version in the window, unless it is told to do it at once.
Alarms and connection pools depend on the class that runs, not on the one that is written.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from infra.config.database import ApplyChanges, DatabaseOptions
from infra.config.database_capacity import database_classes

# UTC, as RDS takes it.
MAINTENANCE_WINDOW = "sun:04:00-sun:05:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The database as it is: what AWS answers, or what an older plan wrote."""

    instance_class: str
    storage_gb: int
    multi_az: bool
    # A minor such as "15.18"; a plan may know the major alone.
    version: str


def alarmed(options: DatabaseOptions, running: Running | None) -> tuple[str, int]:
    """Return class and storage (GB) for the alarms: those that run until the window."""
    if running is None or options.apply_changes is ApplyChanges.NOW:
        return options.instance_class, options.storage_gb
    known = running.instance_class in database_classes()
    return (
        running.instance_class if known else options.instance_class,
        # RDS may have grown it since; the alarm counts from the size that was asked for.
        min(running.storage_gb, options.storage_gb),
    )


def version_to_ask(options: DatabaseOptions, running: Running | None) -> str:
    """Return the version for RDS: never an older minor than the one that runs.

    RDS upgrades a withdrawn minor by itself, and refuses the way back.
    """
    newer = running and _parts(running.version) > _parts(options.version)
    if running and newer and "." in options.version and _same_major(options, running):
        return running.version
    return options.version


def changes(options: DatabaseOptions, running: Running) -> list[str]:
    """Return one sentence for each change of `running`: what waits until when, or is done now."""
    sentences = []
    for setting, before, after in _differences(options, running):
        sentence = f"database.{setting} changes from {before} to {after}"
        if options.apply_changes is ApplyChanges.NOW:
            sentence += " at once (database.applyChanges)"
        else:
            sentence += f" in the maintenance window, {MAINTENANCE_WINDOW} UTC"
            if setting == "instanceClass":
                sentence += (
                    f". Until then {before} runs; alarms and the limit of the pools follow it, and"
                    " a later `pulumi up` moves them"
                )
        sentences.append(f"{sentence}.")
    if version_to_ask(options, running) != options.version:
        sentences.append(
            f"database.version: PostgreSQL {running.version} runs, and RDS has no way back to"
            f' {options.version}. It stays. Set database.version to "{running.version}".'
        )
    return sentences


def _differences(
    options: DatabaseOptions, running: Running
) -> Iterator[tuple[str, object, object]]:
    if options.instance_class != running.instance_class:
        yield "instanceClass", running.instance_class, options.instance_class
    if options.multi_az != running.multi_az:
        yield "multiAz", str(running.multi_az).lower(), str(options.multi_az).lower()
    if options.storage_gb > running.storage_gb:
        yield "storageGb", running.storage_gb, options.storage_gb
    # A major alone stands for every minor of it.
    if _parts(options.version) > _parts(running.version)[: len(_parts(options.version))]:
        yield "version", running.version, options.version


def _same_major(options: DatabaseOptions, running: Running) -> bool:
    return _parts(options.version)[0] == _parts(running.version)[0]


def _parts(version: str) -> tuple[int, ...]:
    """Return the numbers of "15.18"; RDS may add letters: 11.22-rds.20240418."""
    return tuple(map(int, version.partition("-")[0].split(".")))
