"""The whole platform on one machine: cluster, image, cloud stand-ins, engine and entrance."""
