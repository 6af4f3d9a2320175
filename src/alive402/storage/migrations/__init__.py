"""Alembic migrations of the ledger; the service runs them at start."""
