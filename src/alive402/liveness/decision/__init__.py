"""The decision: quality checks, fusion of the evidence, cuts and stretches, version of the engine."""
