"""The HTTP API: one application over the parts that the settings name."""
