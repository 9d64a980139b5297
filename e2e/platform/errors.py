class PlatformError(Exception):
    """Something the reader can act on, in one sentence."""
