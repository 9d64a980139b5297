"""The platform's control plane: receives alerts, and keeps the truth about what is firing."""

__version__ = "0.1.0"
