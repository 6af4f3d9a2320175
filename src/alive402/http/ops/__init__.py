"""The operator's routes: summary, access, health, metrics."""
