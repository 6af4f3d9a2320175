"""Tests of calls and their log."""
