"""Signed verdicts, the keys that sign them, and stored reports."""
