"""The doors over HTTP: thin, one file a subject, all over `calls.py`."""
