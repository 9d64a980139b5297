"""A stand-in for the AWS load balancer controller, as an image that its real chart runs.

Its targets and its readiness conditions are the entrance's business (e2e/load_balancer).
"""
