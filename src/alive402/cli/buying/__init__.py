"""The command of buyers."""

from __future__ import annotations

from alive402.cli.buying.command import buy

__all__ = ["buy"]
