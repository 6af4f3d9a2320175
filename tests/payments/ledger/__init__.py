"""Tests of the ledger of payments."""
