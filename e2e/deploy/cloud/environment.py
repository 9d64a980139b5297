"""What the plugins read from the engine's environment; `world.py` writes it."""

import os
import sys
from pathlib import Path

WORLD = "STANDIN_WORLD"  # folder of the cloud's memory
POSTGRES = "STANDIN_POSTGRES"  # folder of the databases' data
POSTGRES_BINARIES = "STANDIN_POSTGRES_BIN"  # folder of PostgreSQL's programs
KUBECONFIG = "STANDIN_KUBECONFIG"  # the local cluster's; without it there is no cluster
ENTRANCE = "STANDIN_ENTRANCE"  # host and port that answer for the load balancer

_DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


def world() -> Path:
    if not (directory := os.environ.get(WORLD)):
        sys.exit(f"error: {WORLD} is not set: this plugin is a stand-in and works in tests only")
    return Path(directory)


def postgres() -> Path:
    return Path(os.environ.get(POSTGRES) or world() / "postgres")


def postgres_binaries() -> Path:
    return Path(os.environ.get(POSTGRES_BINARIES) or _DEBIAN_15)


def kubeconfig() -> Path | None:
    file = os.environ.get(KUBECONFIG)
    return Path(file) if file else None


def entrance() -> str | None:
    return os.environ.get(ENTRANCE)
