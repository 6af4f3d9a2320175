"""Checks a whole answer against its signed verdict: every value of it must be signed, or be a constant."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from alive402.receipts.verification import FIELD, PAID_BY, VerdictUnverified, digest, judged, verified

if TYPE_CHECKING:
    from alive402.catalog import ServiceDefinition

_CONSTANTS = {"code": "200", "message": "success", "content": ""}
"""The outer values that every answer has."""
_SIGNED = {"requestId", "data", "reportUrl", "payment"}
# Answers have about ten levels.
_DEEPEST = 100
_NESTING = re.compile(r'"(?:[^"\\]|\\.)*+"|[][{}]')
_NOT_AN_ANSWER = (
    f"This JSON is not a whole answer: it has no `data` with a `{FIELD}`. Give the answer as the service sent it, "
    "or as `alive402 buy --out FILE` writes it."
)
_REPORTS, _KEYS = "/reports/", "/.well-known/jwks.json"


def verified_answer(
    text: str, jwks: dict[str, Any], services: Iterable[ServiceDefinition] = (), base: str | None = None
) -> dict[str, Any]:
    """Verify the JSON of a whole answer, or a signed verdict alone; returns the claims.

    `base` is the URL of the service or of its key set: `reportUrl` must be below it, or below the URL that is signed.

    Raises:
        VerdictUnverified: none of the keys signed it, or a value differs from the signed one; the message says which.
    """
    answer = _answer(text)
    # A compact JWS has no braces.
    if (answer is None and text.lstrip()[:1] in ("{", "[")) or (answer and FIELD not in answer["data"]):
        raise VerdictUnverified(_NOT_AN_ANSWER)
    if answer is None:
        return verified(text.strip(), jwks)
    claims = verified(str(answer["data"][FIELD]), jwks)
    differs = contradiction(answer, claims, services, base)
    if differs == "reportUrl" and not _bases(claims, base):
        raise VerdictUnverified(
            "`reportUrl` cannot be checked: the verdict names no service. Give the URL of its key set (--jwks)."
        )
    if differs:
        raise VerdictUnverified(f"The answer was altered: `{differs}` is not the signed value.")
    return claims


def contradiction(
    answer: dict[str, Any], claims: dict[str, Any], services: Iterable[ServiceDefinition] = (), base: str | None = None
) -> str | None:
    """The first value of a complete answer that is not the signed one, or a field no answer has; None when all agree.

    An altered answer of a service that is not in `services` is found too, as `data`. `base` is the one of
    `verified_answer`.
    """
    for name, value in answer.items():
        if name not in _SIGNED and (name not in _CONSTANTS or value != _CONSTANTS[name]):
            return name
    try:
        said = judged(answer["requestId"], answer["data"], services)
    except (AttributeError, KeyError, TypeError):
        return "data"
    if differs := next((name for name, value in said.items() if claims.get(name) != value), None):
        return differs
    if digest(answer["data"]) != claims.get("answerSha256"):
        return "data"
    if "payment" in answer and not _same_payment(answer["payment"], claims):
        return "payment"
    if "reportUrl" in answer and not _own_report(answer["reportUrl"], claims, _bases(claims, base)):
        return "reportUrl"
    return None


def _bases(claims: dict[str, Any], base: str | None) -> set[str]:
    """The URLs of the service: the signed one, and the one that the caller trusts."""
    return {str(each).removesuffix(_KEYS).rstrip("/") for each in (claims.get("iss"), base) if each}


def _own_report(url: object, claims: dict[str, Any], bases: set[str]) -> bool:
    """Whether the URL is that of this answer's report at the service."""
    where, _, report_id = str(url).rpartition(_REPORTS)
    if where not in bases:
        return False
    signed = claims.get("reportSha256")
    if signed is None:
        # Older verdicts do not sign it. Its first half is the answer's id.
        return re.fullmatch(rf"{re.escape(claims['requestId'])}-[0-9a-f]{{32}}", report_id) is not None
    return bool(hashlib.sha256(report_id.encode()).hexdigest() == signed)


def _same_payment(receipt: object, claims: dict[str, Any]) -> bool:
    """Whether an x402 SettleResponse says what was signed of it."""
    signed = claims.get("payment")
    if not receipt or not signed:
        return not receipt and not signed
    if not isinstance(receipt, dict) or not isinstance(signed, dict):
        return False
    stated = {name: value for name, value in receipt.items() if value is not None}
    if stated.pop("success", True) is not True:
        return False
    if "paymentId" not in signed and "paymentId" in stated and "reportSha256" not in claims:
        # An older verdict of a token: it names no payment, and has the amount of the whole one.
        del stated["paymentId"]
        stated.pop("amount", None)
    return all(name in PAID_BY and signed.get(name) == value for name, value in stated.items())


def _answer(text: str) -> dict[str, Any] | None:
    """Parse the text as a whole answer; None when it is something else.

    Raises:
        VerdictUnverified: an object in it has a key twice, so that programs may read different values.
    """
    if _depth(text) > _DEEPEST:
        return None
    try:
        answer = json.loads(text, object_pairs_hook=_unique)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and isinstance(answer.get("data"), dict) else None


def _depth(text: str) -> int:
    """How deep the JSON is nested: where a library raised the recursion limit, Python's parser overflows the stack."""
    depth = deepest = 0
    for token in _NESTING.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        deepest = max(deepest, depth)
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise VerdictUnverified(f"The answer was altered: it has the key `{twice}` twice in one object.")
    return found
