"""A small program on which the facts about the Kubernetes provider are proven."""
