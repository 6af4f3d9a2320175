"""Tests of challenges over the database."""
