"""A stand-in for Grafana Loki: takes pushes as JSON, keeps them in a file, answers small queries.

e2e/README.md says where it differs.
"""
