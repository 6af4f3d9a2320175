"""Prepaid payments, and the tokens and balances that they fill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.payments.prepaid.balances import Balances, Granted
    from alive402.payments.prepaid.method import TokenMethod, TokenOrSignature
    from alive402.payments.prepaid.models import PrepaidUse, Prepayment, UseState
    from alive402.payments.prepaid.repository import PrepaidRepository
    from alive402.payments.prepaid.service import Prepaid, PrepaidTerms, Prepayments
    from alive402.payments.prepaid.tokens import TokenHold, Tokens, receipt_of, token_digest
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "balances": ["Balances", "Granted"],
            "method": ["TokenMethod", "TokenOrSignature"],
            "models": ["PrepaidUse", "Prepayment", "UseState"],
            "repository": ["PrepaidRepository"],
            "service": ["Prepaid", "PrepaidTerms", "Prepayments"],
            "tokens": ["TokenHold", "Tokens", "receipt_of", "token_digest"],
        },
    )

__all__ = [
    "Balances",
    "Granted",
    "Prepaid",
    "PrepaidRepository",
    "PrepaidTerms",
    "PrepaidUse",
    "Prepayment",
    "Prepayments",
    "TokenHold",
    "TokenMethod",
    "TokenOrSignature",
    "Tokens",
    "UseState",
    "receipt_of",
    "token_digest",
]
