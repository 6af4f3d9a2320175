"""Tests of the scheme `exact` on Solana."""
