"""Every module that brings tables, so that Alembic compares with all of them. One line each."""

from backend.auth import models as auth
from backend.integrations import models as integrations

MODULES = (auth, integrations)
