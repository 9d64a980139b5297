"""Who is calling, as the rest of the backend sees it."""

from dataclasses import dataclass
from enum import StrEnum

# A token with all rights delivers for this integration, unless it belongs to another.
DEFAULT_INTEGRATION = "default"


class Scope(StrEnum):
    """What a token may do. ADMIN may do everything."""

    INGEST = "ingest"
    # Prometheus' scope: it reads scrape targets, and nothing else.
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
