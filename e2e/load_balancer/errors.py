class EntranceError(Exception):
    """The entrance cannot start or has ended; one sentence."""
