"""Tests of the attacks and conditions that the benchmarks make."""
