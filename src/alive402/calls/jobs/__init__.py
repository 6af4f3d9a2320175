"""Asynchronous calls: their rows in the database, and the runner that works on them."""
