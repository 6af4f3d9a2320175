"""Calls whose callers do not wait: their rows in the ledger, and the runner that works on them."""
