"""The schema's history (Alembic). Revisions are numbered: see backend/db/schema.py."""
