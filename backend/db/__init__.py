"""Database access: engine, sessions, pagination, conventions. Domains define their tables."""
