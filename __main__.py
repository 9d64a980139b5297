"""The Pulumi program: `pulumi up` runs this file, and so does `make plan`."""

from datetime import UTC, datetime

from infra.settings import load_settings
from infra.stack import build

build(load_settings(today=datetime.now(UTC).date()))
