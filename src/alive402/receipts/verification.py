"""Verifies a signed verdict by the service's public keys; needs no database, so that clients may use it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import jwt

from alive402.errors import CodedError

if TYPE_CHECKING:
    from alive402.catalog import ServiceDefinition

ALGORITHM = "EdDSA"
TYPE = "alive402-verdict+jwt"
FIELD = "Receipt"
"""The field of an answer's `data` that holds its signed verdict."""
PAID_BY = ("network", "transaction", "payer", "amount", "paymentId")
"""The payment fields of a verdict; a prepaid call has `paymentId`, and `amount` is the share of one call."""


class VerdictUnverified(CodedError):
    """The verdict was not signed by the service's keys."""

    code = "verdict_unverified"
    status = 422
    default = "This verdict was not signed by any of these keys."


def verified(jws: str, jwks: dict[str, Any]) -> dict[str, Any]:
    """Verify a signed verdict against the keys in `jwks`; returns its claims.

    Raises:
        VerdictUnverified: it is not a signed verdict, or none of the keys signed it; the message says which.
    """
    try:
        header = jwt.get_unverified_header(jws)
    except jwt.PyJWTError as error:
        raise VerdictUnverified("This is not a signed verdict: it is not a compact JWS.") from error
    if header.get("typ") != TYPE or header.get("alg") != ALGORITHM:
        raise VerdictUnverified(f"This is not a signed verdict: it is of type {header.get('typ')}, {header['alg']}.")
    try:
        keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(jwks).keys}
    except (jwt.PyJWTError, TypeError, AttributeError) as error:
        raise VerdictUnverified("The keys are not a JSON Web Key Set.") from error
    key = keys.get(header.get("kid"))
    if key is None:
        raise VerdictUnverified(f"The key set does not contain the verdict's key: {header.get('kid')}.")
    try:
        # No `exp`, no `aud`: a verdict does not expire, and anyone may verify it.
        claims: dict[str, Any] = jwt.decode(jws, key.key, algorithms=[ALGORITHM], leeway=300)
    except jwt.PyJWTError as error:
        raise VerdictUnverified("The signature is wrong: the verdict was altered, or another key signed it.") from error
    return claims


def judged(request_id: str, data: dict[str, Any], services: Iterable[ServiceDefinition]) -> dict[str, Any]:
    """The claims that an answer itself states: its id, and what its service signs of the report."""
    service = next((each for each in services if each.action == data.get("Action")), None)
    return {"requestId": request_id, **(service.signed(data[service.report_field]) if service else {})}


def digest(data: dict[str, Any]) -> str:
    """The sha256 of the whole answer, independent of JSON spacing, key order and the notation of integers."""
    plain = _whole({name: value for name, value in data.items() if name != FIELD})
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _whole(value: Any) -> Any:
    match value:
        case dict():
            return {name: _whole(inner) for name, inner in value.items()}
        case list():
            return [_whole(inner) for inner in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value
