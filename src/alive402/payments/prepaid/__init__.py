"""Prepaid payments, and the tokens and balances that they fill."""
