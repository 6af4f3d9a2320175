"""Tests of errors and request bodies."""
