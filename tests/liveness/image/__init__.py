"""Tests of the engine on single pictures."""
