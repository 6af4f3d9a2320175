"""Judges files in warm child processes that are confined and can be killed."""
