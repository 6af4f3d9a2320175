"""Tests of `alive402.liveness.networks`."""
