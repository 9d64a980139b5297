"""The monitoring stack's images, made here and put into the nodes under the names that charts ask.

Also a stand-in for the storage driver, without which none of its volumes would come. See
e2e/README.md for what of it is real.
"""
