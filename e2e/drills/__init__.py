"""Drills of the deployed platform, by theme; `registry.py` lists them."""
