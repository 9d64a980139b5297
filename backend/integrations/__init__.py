"""Integrations: the sources that deliver alerts, each with its own token."""
