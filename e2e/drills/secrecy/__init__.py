"""No password or token of a run is where it must not be."""
