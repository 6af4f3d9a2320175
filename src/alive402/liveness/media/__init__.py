"""Strangers' files as frames: containers, clips, pictures, and decoding ahead."""
