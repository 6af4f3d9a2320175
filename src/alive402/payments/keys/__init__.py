"""API keys, signed requests, and the encrypted store of their secrets."""
