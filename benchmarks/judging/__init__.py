"""Judges made clips in several processes, resumably, and counts wrong verdicts."""
