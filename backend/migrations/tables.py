"""Imports every module with tables, so that Alembic compares all of them. One line each."""

import re

from backend.alerts import models as alerts
from backend.auth import models as auth
from backend.catalog import models as catalog
from backend.integrations import models as integrations

MODULES = (alerts, auth, catalog, integrations)

# Partitions come and go with time, by backend.retention: they are no part of the declared schema.
_PARTITION = re.compile(r"_(default|p\d+)$")


def is_declared(name: str | None, kind: str, _parents: object) -> bool:
    """Tell Alembic which of the names in a database to compare with the declared tables."""
    return kind != "table" or name is None or _PARTITION.search(name) is None
