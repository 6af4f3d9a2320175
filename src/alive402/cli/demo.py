"""`alive402 demo`: two clips judged and paid for on this machine, start to end."""

from __future__ import annotations


def demo() -> None:
    """Run the demonstration."""
