"""Tests of what the commands share at a terminal."""
