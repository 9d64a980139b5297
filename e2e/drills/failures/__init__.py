"""Something breaks or grows under load: pods, nodes, the database, the number of requests."""
