"""Tests of whole commands."""
