"""One version of the application to a registry and to a cluster: `make image`, `make release`.

Standard library only: whoever releases needs helm or docker, and none of our dependencies.
"""
