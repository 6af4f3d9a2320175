"""Tests of `alive402.payments.keys`."""
