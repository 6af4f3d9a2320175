"""Alembic migrations of the ledger, packaged: the service runs them itself at start."""
