"""Trains the weights and fits the numbers of the fusion; not installed with the package."""
