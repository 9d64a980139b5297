"""The state directory: everything that outlives a run, and nothing else."""

from dataclasses import dataclass
from pathlib import Path

from local.errors import PlatformError

# What local/bootstrap.sh keeps in .local before the first start.
_MADE_BY_BOOTSTRAP = frozenset({"tools", "uv-cache"})


@dataclass(frozen=True)
class State:
    """Paths below one absolute directory."""

    root: Path

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def admin_token(self) -> Path:
        return self.root / "admin-token"

    @property
    def discovery_token(self) -> Path:
        return self.root / "discovery-token"

    @property
    def session_key(self) -> Path:
        return self.root / "session-key"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def prometheus(self) -> Path:
        return self.root / "prometheus"

    @property
    def alertmanager(self) -> Path:
        return self.root / "alertmanager"


def open_state(directory: Path) -> State:
    """Make the directory when it is missing. Only its owner gets in: it holds tokens and data."""
    try:
        root = directory.expanduser()
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        root = root.resolve()
        _refuse_foreign(root)
        root.chmod(0o700)
        state = State(root)
        state.lock.touch(mode=0o600)
        state.logs.mkdir(exist_ok=True)
    except OSError as error:
        raise PlatformError(
            f"the state directory {directory} cannot be used ({error.strerror}): make it writable "
            "for this user, or choose another with STATE="
        ) from error
    return state


def _refuse_foreign(root: Path) -> None:
    """Refuse STATE=/tmp or a home directory, whose permissions must not change."""
    entries = {entry.name for entry in root.iterdir()}
    if "lock" not in entries and entries - _MADE_BY_BOOTSTRAP:
        raise PlatformError(
            f"the state directory {root} holds other files: choose a new or an empty one with "
            "STATE="
        )
