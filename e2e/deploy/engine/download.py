"""`pulumi plugin install`, where the network lets it: not there is no mistake, but a reason."""

import os
import subprocess
from pathlib import Path

from e2e.programs.cache import cache_directory

# Long enough for 50 MB on a slow line, short enough for a machine whose packets are dropped.
_SECONDS = 60


def installed(pulumi: Path, role: str, name: str, version: str) -> tuple[Path | None, str]:
    """Give the program and its version, or None and why there is none."""
    home = cache_directory() / "pulumi-home"
    program = f"pulumi-{role}-{name}"
    target = home / "plugins" / f"{role}-{name}-v{version}" / program
    if target.exists():
        return target, version
    home.mkdir(exist_ok=True)
    command = [str(pulumi), "plugin", "install", role, name, version, "--non-interactive"]
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")},
        "PULUMI_HOME": str(home),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return None, f"`pulumi plugin install` did not end in {_SECONDS} s"
    if done.returncode == 0 and target.exists():
        return target, version
    lines = [line for line in done.stderr.strip().splitlines() if line.startswith("error:")]
    reason = lines[-1].removeprefix("error: ") if lines else f"it ended with {done.returncode}"
    return None, f"`pulumi plugin install`: {reason[:160]}"
