"""Tests of `alive402.liveness.cues`."""
