"""Client of a paid service: uploads, pays once, waits, and verifies the signed answer; synchronous and for asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.client.answer import Answer, IssuedChallenge, Pending
    from alive402.client.client import AsyncClient, Client
    from alive402.client.errors import (
        ClientError,
        InputUnreadable,
        NoWayToPay,
        ReceiptUnverified,
        Refused,
        SpendCapExceeded,
        Unreachable,
    )
    from alive402.client.purchase import PICTURE_SERVICE, TOOLS, VIDEO_SERVICE
    from alive402.client.wallet import evm_payer
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "answer": ["Answer", "IssuedChallenge", "Pending"],
            "client": ["AsyncClient", "Client"],
            "errors": [
                "ClientError",
                "InputUnreadable",
                "NoWayToPay",
                "ReceiptUnverified",
                "Refused",
                "SpendCapExceeded",
                "Unreachable",
            ],
            "purchase": ["PICTURE_SERVICE", "TOOLS", "VIDEO_SERVICE"],
            "wallet": ["evm_payer"],
        },
    )

__all__ = [
    "PICTURE_SERVICE",
    "TOOLS",
    "VIDEO_SERVICE",
    "Answer",
    "AsyncClient",
    "Client",
    "ClientError",
    "InputUnreadable",
    "IssuedChallenge",
    "NoWayToPay",
    "Pending",
    "ReceiptUnverified",
    "Refused",
    "SpendCapExceeded",
    "Unreachable",
    "evm_payer",
]
