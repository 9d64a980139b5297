class ConfigurationError(Exception):
    """Loki's configuration says something that the stand-in, or Loki, would not start with."""


class Refused(Exception):
    """A request that Loki refuses; `status` is the answer's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
