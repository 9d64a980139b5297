"""The platform's backend: receives alerts and records which of them fire."""

__version__ = "0.1.0"
