"""Retention: partitions made ahead and dropped when they are old, and old current state pruned."""
