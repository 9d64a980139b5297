class StandInError(Exception):
    """The harness asked for something that is not there."""


class Rejected(Exception):
    """The stand-in cloud says no; the message is what the user of Pulumi reads."""
