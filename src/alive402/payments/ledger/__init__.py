"""The ledger: payments, their state machine, recovery, statements."""
