"""Tests of the journal and the figures of the benchmarks."""
