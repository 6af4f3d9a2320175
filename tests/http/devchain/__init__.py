"""Tests of the development chain's routes."""
