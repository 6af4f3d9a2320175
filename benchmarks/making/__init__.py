"""Makers of altered and attacking clips to measure with."""
