class AlloyError(Exception):
    """What is wrong with a configuration, and in which line."""
