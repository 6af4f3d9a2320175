"""One paid call (check, reserve, answer, store, settle); jobs, admission and rate limits."""
