"""A real Kubernetes with two nodes on one Debian machine, without Docker. See ../README.md."""
