"""Tests of the scheme `upto` on EVM networks."""
