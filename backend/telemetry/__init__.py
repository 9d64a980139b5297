"""Metrics, logs and traces of the backend itself."""
