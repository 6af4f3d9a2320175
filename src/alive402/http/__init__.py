"""The HTTP API: one application over the parts that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.http.app import create_app
    from alive402.http.payment_options import build_payment_options
    from alive402.http.server import StartRefused, run
    from alive402.http.wiring import Parts, assemble
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "app": ["create_app"],
            "payment_options": ["build_payment_options"],
            "server": ["StartRefused", "run"],
            "wiring": ["Parts", "assemble"],
        },
    )

__all__ = ["Parts", "StartRefused", "assemble", "build_payment_options", "create_app", "run"]
