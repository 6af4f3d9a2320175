"""Faces in frames: detector, mesh, tracks, and the sampled looks at each face."""
