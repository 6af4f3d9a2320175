"""The memo of a payment: names the 402 answer that the buyer signed for, and is part of what it signs.

The service keeps nothing of its 402 answers, so a memo proves itself: it holds the time of the answer, random bytes,
and a hash of both with the path that was called. The random bytes keep two payments of one buyer apart that are equal
otherwise. The time says until when the payment is accepted, however late its copy arrives.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time

OFFER_SECONDS = 300
"""A payment must arrive within this time after its 402 answer."""
# Clocks of several processes of one service may differ by this much.
_SKEW_SECONDS = 60
# The memo program works for each byte, and x402's client limits its transaction to 20,000 units of work: a memo of 34
# bytes is the longest that runs. 18 bytes are 24 characters of base64 without padding.
_MEMO = re.compile("[A-Za-z0-9_-]{24}")
_TIME, _RANDOM, _DIGEST = 4, 6, 8


def new(path: str) -> str:
    """A memo for one 402 answer of `path`."""
    head = int(time.time()).to_bytes(_TIME, "big") + secrets.token_bytes(_RANDOM)
    return base64.urlsafe_b64encode(head + _digest(head, path)).decode()


def issued_at(memo: str) -> int | None:
    """When the memo was issued, in unix seconds; None when it is not one of ours."""
    return int.from_bytes(base64.urlsafe_b64decode(memo)[:_TIME], "big") if _MEMO.fullmatch(memo) else None


def is_for(memo: str, path: str) -> bool:
    """Whether a memo of ours was issued for this path, and not in the future."""
    if not _MEMO.fullmatch(memo):
        return False
    raw = base64.urlsafe_b64decode(memo)
    head = raw[: _TIME + _RANDOM]
    return raw == head + _digest(head, path) and int.from_bytes(head[:_TIME], "big") <= time.time() + _SKEW_SECONDS


def _digest(head: bytes, path: str) -> bytes:
    return hashlib.sha256(head + path.encode()).digest()[:_DIGEST]
