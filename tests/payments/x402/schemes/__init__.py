"""Tests of the payment schemes."""
