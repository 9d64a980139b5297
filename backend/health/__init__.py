"""Probes: is the process alive, and may it receive requests."""
