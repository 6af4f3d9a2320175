"""Tests of the ledger and the token."""
