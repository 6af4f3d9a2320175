"""Tests of the rendered answers to a challenge."""
