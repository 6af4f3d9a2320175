"""Tests of the drawings of the pages."""
