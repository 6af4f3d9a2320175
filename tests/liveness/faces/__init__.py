"""Tests of `alive402.liveness.faces`."""
