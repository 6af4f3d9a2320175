"""Every parser that strangers reach, fed with mutated input: `make fuzz-parsers`. What was found stays in `found/`."""
