"""The catalog: which services there are, whose they are, and where Prometheus finds them."""
