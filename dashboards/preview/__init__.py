"""A preview of the dashboards where no Grafana is: the layout as HTML, with data if there is some.

A stand-in for Grafana's drawing, and no more: panels are at their places with their questions,
units, limits and queries. Series are drawn as lines and bars by code of our own; colors, axes,
legends and everything that one can click are Grafana's and are not here.
"""
