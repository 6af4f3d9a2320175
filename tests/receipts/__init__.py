"""Tests of signed verdicts."""
