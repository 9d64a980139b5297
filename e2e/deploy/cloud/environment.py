"""What the fake plugins read from the engine's environment; `world.py` writes it."""

import os
import sys
from pathlib import Path

WORLD = "FAKE_CLOUD"  # folder of the cloud's memory
KUBECONFIG = "FAKE_CLOUD_KUBECONFIG"  # the local cluster's
ADDRESS = "FAKE_CLOUD_ADDRESS"  # host and port at which the load balancer answers


def world() -> Path:
    if not (directory := os.environ.get(WORLD)):
        sys.exit(f"error: {WORLD} is not set: this plugin is a fake and works in tests only")
    return Path(directory)


def kubeconfig() -> Path | None:
    file = os.environ.get(KUBECONFIG)
    return Path(file) if file else None


def address() -> str:
    return os.environ.get(ADDRESS, "nowhere.invalid")
