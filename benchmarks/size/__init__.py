"""How much slower everything is when a million alerts and ten million episodes are there."""
