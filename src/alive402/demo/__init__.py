"""Demonstration of the whole service: two clips, a buyer with test money, paid verdicts."""
