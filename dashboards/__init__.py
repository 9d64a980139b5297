"""Grafana's dashboards as code: `make dashboards` renders them to the JSON that is deployed.

A module for each dashboard; `panels` and `page` are the vocabulary that they are written in. Knows
names of metrics and of Grafana's data sources, and nothing of the backend's or the program's code.
"""
