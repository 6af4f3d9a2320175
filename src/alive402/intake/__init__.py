"""Handles untrusted files: fetches them from checked addresses, recognises, stores and judges them in a sandbox."""
