"""Signed verdicts, the keys that sign them, and stored reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.receipts.answers import contradiction, verified_answer
    from alive402.receipts.reports import KeptAnswer, ReportGone, Reports, UnknownReport
    from alive402.receipts.signing_keys import SigningKeys
    from alive402.receipts.verdicts import SignedVerdict, Verdicts
    from alive402.receipts.verification import VerdictUnverified, verified
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "answers": ["contradiction", "verified_answer"],
            "reports": ["KeptAnswer", "ReportGone", "Reports", "UnknownReport"],
            "signing_keys": ["SigningKeys"],
            "verdicts": ["SignedVerdict", "Verdicts"],
            "verification": ["VerdictUnverified", "verified"],
        },
    )

__all__ = [
    "KeptAnswer",
    "ReportGone",
    "Reports",
    "SignedVerdict",
    "SigningKeys",
    "UnknownReport",
    "VerdictUnverified",
    "Verdicts",
    "contradiction",
    "verified",
    "verified_answer",
]
