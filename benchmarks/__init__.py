"""Benchmarks of speed, memory and accuracy, measured side by side in one run; never a timed test."""
