"""Judges made clips by the engine, in several processes and resumable, and counts what turns wrong."""
