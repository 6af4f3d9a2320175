"""`alive402 challenge`: draws challenges, and reads them for `alive402 analyze`."""

from __future__ import annotations

from alive402.cli.challenge.command import app

__all__ = ["app"]
