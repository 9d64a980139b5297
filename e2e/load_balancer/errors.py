class LoadBalancerError(Exception):
    """The load balancer cannot start or has ended; one sentence."""
