"""The one error a person sees."""


class PlatformError(Exception):
    """The start failed. The message names the problem, the value and the remedy."""
