"""A stand-in for the load balancer: what an ALB's target group does, in front of real pods."""
