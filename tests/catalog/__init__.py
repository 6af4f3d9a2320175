"""Tests of what is sold and how it is described."""
