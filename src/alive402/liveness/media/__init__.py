"""Decodes untrusted files to frames: containers, clips, pictures, prefetch."""
