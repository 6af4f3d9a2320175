"""Fuzzes every parser of untrusted input with mutated input: `make fuzz-parsers`. Findings are kept in `found/`."""
