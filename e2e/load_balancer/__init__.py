"""The load balancer: HAProxy in front of real pods, set up as an ALB's target group."""
