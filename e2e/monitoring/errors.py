class MonitoringError(Exception):
    """The stack's images or volumes cannot be provided; one sentence with the remedy."""
