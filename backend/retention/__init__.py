"""Retention: creates partitions ahead, drops old ones, and prunes old alerts."""
