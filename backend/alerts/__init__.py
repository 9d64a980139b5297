"""Alerts: what Alertmanager delivered, what fires now, and the episodes of each alert."""
