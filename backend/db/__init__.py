"""The database edge: engine, sessions, pagination, conventions. Domains bring their tables."""
