"""Tests of the physical evidence, one file a cue."""
