"""Alembic's room: `versions/` is the history of the schema. A migration is never edited once released."""
