"""Faces in frames: detector, mesh, tracks, and the looks that are kept of each."""
