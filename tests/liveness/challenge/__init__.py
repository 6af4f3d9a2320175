"""Tests of the freshness challenge on made curves, and on real clips where they are."""
