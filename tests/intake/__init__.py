"""Tests of strangers' videos."""
