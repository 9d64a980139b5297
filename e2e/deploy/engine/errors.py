class EngineError(Exception):
    """What the engine, or what it needs, could not do, in a sentence and the log's last lines."""
