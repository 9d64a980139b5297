"""What the deployed platform must bear: one drill each, with its figures; see `registry.py`."""
