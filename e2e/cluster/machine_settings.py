"""Kernel settings that kubelets change for the whole machine, and putting them back."""

import json
from collections.abc import Iterator
from pathlib import Path

_SETTINGS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
_ROOT = Path("/proc/sys")


def remember(file: Path) -> None:
    values = {name: (_ROOT / name).read_text().strip() for name in _SETTINGS}
    file.write_text(json.dumps(values))


def restore(file: Path) -> None:
    for name, value in _remembered(file).items():
        (_ROOT / name).write_text(value)


def changed(file: Path) -> Iterator[str]:
    """Name settings that differ from what was remembered, if anything was."""
    for name, before in _remembered(file).items():
        now = (_ROOT / name).read_text().strip()
        if now != before:
            yield f"{name} is {now}, was {before}"


def _remembered(file: Path) -> dict[str, str]:
    try:
        return {str(name): str(value) for name, value in json.loads(file.read_text()).items()}
    except (FileNotFoundError, ValueError):
        return {}
