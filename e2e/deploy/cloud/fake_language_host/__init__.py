"""Stand-in for Pulumi's Python language host, for machines that cannot have the real one."""
