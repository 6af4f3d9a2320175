"""Payment by x402: protocol, options, method, chain look-ups, reconciler, refunds."""
