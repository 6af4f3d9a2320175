"""Tests of the scheme `exact` on EVM networks."""
