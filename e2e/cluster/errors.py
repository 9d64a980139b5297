class ClusterError(Exception):
    """Something the reader can act on, in one sentence."""


class PreconditionError(ClusterError):
    """The machine cannot carry the cluster as it is."""
