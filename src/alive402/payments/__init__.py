"""Payments: the ledger and its state machine, x402, prepaid tokens, API keys."""
