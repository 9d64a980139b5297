"""A stand-in for Grafana, which cannot be built from Go modules: no panel is drawn, no query sent.

It shows what Grafana would have loaded: the files that its chart and its sidecars laid out.
"""
