"""Tests of the Solana chain in this process."""
