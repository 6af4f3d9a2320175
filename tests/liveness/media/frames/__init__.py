"""Tests of `alive402.liveness.media.frames`."""
