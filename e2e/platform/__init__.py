"""The whole platform on one machine: cluster, image, fake cloud, engine and load balancer."""
