"""Payments made ahead, the tokens and balances that they fill."""
