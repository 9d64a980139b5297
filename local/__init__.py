"""The platform on one machine: no AWS, no containers, no root.

Embedded PostgreSQL, backend and worker; Prometheus and Alertmanager too when they are installed.
"""
