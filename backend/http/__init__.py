"""What every request passes, whatever its domain: middleware, draining, traces, OpenAPI."""
