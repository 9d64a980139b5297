"""Periodic jobs: what one is, and the scheduler that runs them in the worker process."""
