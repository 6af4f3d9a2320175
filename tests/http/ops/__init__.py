"""Tests of the operator's pages, metrics and health."""
