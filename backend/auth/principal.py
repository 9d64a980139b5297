"""Who is calling, as the rest of the backend sees it."""

from dataclasses import dataclass
from enum import StrEnum

# What a token with all rights delivers for, unless it belongs to another integration.
DEFAULT_INTEGRATION = "default"


class Scope(StrEnum):
    """What a token may do. ADMIN may do everything."""

    INGEST = "ingest"
    # What Prometheus asks for: scrape targets, and nothing else.
    DISCOVER = "discover"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """A valid token: what it may do, and for which integration it delivers (None: for none)."""

    token_id: int
    name: str
    scopes: frozenset[str]
    integration_id: int | None
    integration_slug: str | None

    def may(self, scope: Scope) -> bool:
        return not self.scopes.isdisjoint({scope, Scope.ADMIN})
