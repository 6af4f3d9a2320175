"""The wire held fixed: every public surface is compared with its recorded form."""
