class CloudError(Exception):
    """The harness asked the fake cloud for something that is not there."""


class Rejected(Exception):
    """The fake cloud refuses; the message is what the user of Pulumi reads."""
