"""Who paid: the ledger, its state machine, and the x402 protocol behind it."""
