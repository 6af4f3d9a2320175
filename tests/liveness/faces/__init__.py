"""Tests of `alive402.liveness.decision`."""
