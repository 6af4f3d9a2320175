"""Tests of the attacks that the benchmarks make."""
