"""`alive402 challenge`: draws challenges, films answers, and fits the thresholds of the movements."""

from __future__ import annotations

from alive402.cli.challenge.command import app

__all__ = ["app"]
