"""Tests of `alive402.payments.core`."""
