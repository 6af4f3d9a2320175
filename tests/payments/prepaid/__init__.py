"""Tests of balances and tokens that are paid for ahead."""
