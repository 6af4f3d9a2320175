"""The command line: one module a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alive402.cli import main

__all__ = ["main"]
