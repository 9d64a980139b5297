"""A stand-in for Grafana Alloy: executes what the configuration says, and refuses the rest.

`tokens`, `syntax` and `check` read the language; the tests of the configuration use them, too.
"""
