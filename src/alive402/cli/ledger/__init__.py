"""`alive402 ledger`: reads the ledger, compares it with the chain, copies it, and records refunds."""

from __future__ import annotations

from alive402.cli.ledger.books import app
from alive402.cli.ledger.chain import backup, reconcile

app.command()(reconcile)
app.command()(backup)

__all__ = ["app"]
