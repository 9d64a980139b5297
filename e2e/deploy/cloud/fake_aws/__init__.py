"""The aws stand-in: tables of what AWS does per type, and a real PostgreSQL behind RDS."""
