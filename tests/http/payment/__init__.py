"""Tests of `alive402.http.payment`."""
