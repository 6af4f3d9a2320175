"""Makes altered clips and attack clips for measurements."""
