"""Tests of the cues of stills."""
