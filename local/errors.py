"""The one error a person sees."""


class PlatformError(Exception):
    """Start-up cannot go on. The message is a sentence that says what, the value and what to do."""
