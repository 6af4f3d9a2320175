"""Payments over HTTP: credentials read from headers, the 402 answer, receipts, the payment object."""
