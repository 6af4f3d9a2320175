"""Data sets judged by the command that engineers run."""
