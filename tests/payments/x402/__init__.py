"""Tests of x402 payments on a chain."""
