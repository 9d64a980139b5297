"""A stand-in for OpenCost, which is published as an image only: it is ready, and knows no cost."""
