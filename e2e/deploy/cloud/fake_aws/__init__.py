"""The fake AWS: tables of what AWS does per type, and a real PostgreSQL behind RDS."""
