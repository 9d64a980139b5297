"""The catalog: the services, their owners, and their targets for Prometheus."""
