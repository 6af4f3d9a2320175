"""MPP, the HTTP authentication scheme `Payment`, as another form of x402 payments: challenges, credentials, receipts.

A 402 carries one challenge for each token that MPP can charge, in WWW-Authenticate. The buyer signs one and sends it
back in a credential, in Authorization. The credential becomes the x402 payment that it contains, so everything after
`PaymentGate.read` is the same for both. Nothing is stored for a challenge: its id is a tag over all that it says.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from x402.schemas import PaymentPayload, PaymentRequirements

from alive402.payments.core import Money, PaymentInvalid, PaymentMalformed, PaymentMismatch
from alive402.payments.x402.schemes import CHARGES, scheme_of_network
from alive402.payments.x402.signed_payment import Resource, money_of

CREDENTIAL = "Payment "
"""How a credential begins; an x402 header has no space."""
CHALLENGE_HEADER = "WWW-Authenticate"
RECEIPT_HEADER = "Payment-Receipt"
_INTENT = "charge"
_SALT_BYTES, _TAG_BYTES = 6, 12
# The realm is the host that the buyer called. Host may hold anything; this is what a quoted string can hold as it is.
_REALM = re.compile(r"[A-Za-z0-9._:\[\]-]{1,200}")


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge as a credential repeats it; `request` is base64 of the charge, `expires` ISO 8601."""

    id: str
    realm: str
    method: str
    intent: str
    request: str
    expires: str


class Challenges:
    """Makes challenges and reads their credentials. Processes with the same `secret` accept each other's challenges."""

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secret or secrets.token_bytes(32)

    def header(self, accepts: Sequence[PaymentRequirements], resource: Resource, room: int) -> str | None:
        """The WWW-Authenticate header: as many challenges as `room` bytes hold, in the order of `accepts`, or None."""
        realm = urlsplit(resource.url).netloc
        if not _REALM.fullmatch(realm):
            return None
        shown: list[str] = []
        for asked in accepts:
            for charge in CHARGES:
                request = charge.request(asked)
                if request is None:
                    continue
                challenge = self._make(charge.method, request, asked.max_timeout_seconds, realm, resource)
                parts = (f'{name}="{value}"' for name, value in asdict(challenge).items())
                text = CREDENTIAL + ", ".join(parts)
                if len(", ".join([*shown, text])) <= room:
                    shown.append(text)
        return ", ".join(shown) or None

    def read(
        self, credential: str, accepts: Sequence[PaymentRequirements]
    ) -> tuple[PaymentPayload, Money, Callable[[Resource], bool]]:
        """The x402 payment of a credential, and whether its challenge is ours for a resource.

        The challenge is checked for new payments only: an answer that was bought is returned after its challenge has
        expired, and after the secret has changed.

        Raises:
            PaymentInvalid: it is not a credential with a signed payment.
            PaymentMismatch: it is of another method of MPP.
        """
        try:
            given = _decoded(credential.removeprefix(CREDENTIAL))
            echo, signed = given["challenge"], given["payload"]
            challenge = Challenge(*[echo[name] for name in Challenge.__slots__])
            if not all(isinstance(each, str) for each in astuple(challenge)) or not isinstance(signed, dict):
                raise TypeError
            request = _decoded(challenge.request)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise PaymentInvalid(reason="credential") from error
        charge = next((each for each in CHARGES if each.method == challenge.method), None)
        if charge is None or challenge.intent != _INTENT:
            raise PaymentMismatch(reason="terms")
        try:
            payload = charge.payment(request, signed, accepts)
            money = money_of(payload)
        except PaymentMalformed as error:
            raise PaymentInvalid(reason="credential") from error
        # No challenge of ours has these two, so a credential that has one answers another challenge.
        foreign = bool(echo.get("digest") or echo.get("opaque"))

        def bound(resource: Resource) -> bool:
            ours = not foreign and self._tagged(challenge, resource)
            return ours and charge.binds(money, challenge.id, challenge.realm, _seconds(challenge.expires))

        return payload, money, bound

    def _make(self, method: str, request: dict[str, Any], seconds: int, realm: str, resource: Resource) -> Challenge:
        ends = datetime.fromtimestamp(int(time.time()) + seconds, UTC)
        expires = ends.isoformat().replace("+00:00", "Z")
        challenge = Challenge("", realm, method, _INTENT, _encoded(request), expires)
        salt = secrets.token_bytes(_SALT_BYTES)
        return replace(challenge, id=_base64url(salt + self._tag(salt, challenge, resource)))

    def _tagged(self, challenge: Challenge, resource: Resource) -> bool:
        """Whether the id is a tag of ours over the challenge and the resource; aliases of a service are the same."""
        try:
            raw = base64.urlsafe_b64decode(challenge.id)
        except ValueError:
            return False
        return hmac.compare_digest(raw[_SALT_BYTES:], self._tag(raw[:_SALT_BYTES], challenge, resource))

    def _tag(self, salt: bytes, challenge: Challenge, resource: Resource) -> bytes:
        said = json.dumps([*astuple(challenge)[1:], resource.paths[0]]).encode()
        return hmac.digest(self._secret, salt + said, hashlib.sha256)[:_TAG_BYTES]


def receipt_header(receipt: dict[str, Any]) -> str:
    """The Payment-Receipt header of an x402 SettleResponse; its time is that of the response."""
    scheme = scheme_of_network(receipt["network"])
    return _encoded(
        {
            "method": scheme.method if scheme else "",
            "reference": receipt["transaction"],
            "status": "success",
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        }
    )


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())


def _encoded(value: dict[str, Any]) -> str:
    """Base64url of canonical JSON (RFC 8785); our values are ASCII texts and small integers."""
    return _base64url(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> dict[str, Any]:
    """Raises ValueError or TypeError when it is not base64url of a JSON object."""
    # Surplus padding is ignored.
    value = json.loads(base64.urlsafe_b64decode(text.strip() + "==="))
    if not isinstance(value, dict):
        raise TypeError
    return value
