"""Tests of `alive402.liveness.media.inner`."""
