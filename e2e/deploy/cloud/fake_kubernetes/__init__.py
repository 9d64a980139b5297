"""Stand-in for Pulumi's Kubernetes provider, for machines that cannot have the real one."""
