"""A stand-in for kiwigrid's k8s-sidecar, which brings Grafana data sources and dashboards."""
