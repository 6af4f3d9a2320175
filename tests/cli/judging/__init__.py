"""Tests of what `alive402 analyze` reads and prints."""
