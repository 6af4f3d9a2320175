"""The decision: quality checks, fusion of the evidence, cuts and stretches, identity of the engine."""
