"""Alert truth: what Alertmanager delivered, what is firing now, and the episodes of each alert."""
