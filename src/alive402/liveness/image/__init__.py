"""The single picture: its analyzer, quality checks and report."""
