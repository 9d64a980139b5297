"""With `STACK=observability`: what the monitoring stack sees, and who hears of it."""
