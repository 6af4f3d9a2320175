"""Reads payment credentials from the request headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request

from alive402.http.core import HeaderRepeated, HeaderTooLarge
from alive402.payments.core import Offer, TokenOffer
from alive402.payments.x402 import CREDENTIAL, SIGNATURE_HEADER, V1_SIGNATURE_HEADER

TOKEN_HEADER = "X-Payment-Token"
SECRET_HEADER = "X-Client-Secret"
KEY_HEADER = "X-Api-Key"
REPEAT_HEADER = "Idempotency-Key"
_ONCE = (
    SIGNATURE_HEADER,
    V1_SIGNATURE_HEADER,
    TOKEN_HEADER,
    SECRET_HEADER,
    REPEAT_HEADER,
    KEY_HEADER,
    "Authorization",
)
# Enough for the longest signature of a smart wallet, 2,048 bytes, which hex and base64 make 5.5 kB, with all else.
MAX_SIGNATURE_BYTES = 8 * 1024
MAX_SECRET_BYTES = 128


@dataclass(frozen=True, slots=True)
class RequestCredentials:
    """A caller's offer, the x402 version of its signature, and the client's secret."""

    offer: Offer
    version: int
    client_secret: str | None

    @property
    def mpp(self) -> bool:
        """Whether it is paid by a credential of MPP."""
        return (self.offer.signature or "").startswith(CREDENTIAL)

    @property
    def anything(self) -> bool:
        """Whether the request carries any payment."""
        return bool(self.offer.signature or self.offer.token or self.offer.api_key)


async def read_credentials(
    request: Request,
    payment_signature: Annotated[str | None, Header(alias=SIGNATURE_HEADER)] = None,
    x_payment: Annotated[str | None, Header(alias=V1_SIGNATURE_HEADER)] = None,
    token: Annotated[str | None, Header(alias=TOKEN_HEADER)] = None,
    client_secret: Annotated[str | None, Header(alias=SECRET_HEADER)] = None,
    idempotency_key: Annotated[str | None, Header(alias=REPEAT_HEADER)] = None,
    api_key: Annotated[str | None, Header(alias=KEY_HEADER)] = None,
    authorization: Annotated[str | None, Header()] = None,
) -> RequestCredentials:
    """Read the headers into an offer. `async` only because the framework would run a plain function in a thread.

    Raises:
        HeaderTooLarge: a header is longer than the limit.
        HeaderRepeated: a header is sent twice, or a payment in two forms.
    """
    kind, _, credential = (authorization or "").partition(" ")
    by_mpp = CREDENTIAL + credential.strip() if kind.lower() == CREDENTIAL.strip().lower() else None
    _refuse_repeated(request, by_mpp is not None)
    if kind.lower() == "bearer" and not api_key:
        api_key = credential.strip()
    _bound(
        MAX_SIGNATURE_BYTES,
        {SIGNATURE_HEADER: payment_signature, V1_SIGNATURE_HEADER: x_payment, "Authorization": by_mpp},
    )
    _bound(
        MAX_SECRET_BYTES,
        {TOKEN_HEADER: token, SECRET_HEADER: client_secret, REPEAT_HEADER: idempotency_key, KEY_HEADER: api_key},
    )
    offer = Offer(
        signature=payment_signature or x_payment or by_mpp,
        token=TokenOffer(token, client_secret or None, idempotency_key or None) if token else None,
        api_key=api_key or None,
        address=request.client.host if request.client else None,
        idempotency_key=idempotency_key or None,
    )
    return RequestCredentials(offer, 1 if x_payment and not payment_signature else 2, client_secret or None)


def _refuse_repeated(request: Request, mpp: bool) -> None:
    for name in _ONCE:
        if len(request.headers.getlist(name)) > 1:
            raise HeaderRepeated(header=name)
    sent = [name for name in (SIGNATURE_HEADER, V1_SIGNATURE_HEADER) if name in request.headers]
    if mpp:
        sent.append("Authorization")
    if len(sent) > 1:
        raise HeaderRepeated(
            "A payment may be sent only once: in one version of x402, or by MPP.", header=", ".join(sent)
        )


def _bound(most: int, headers: dict[str, str | None]) -> None:
    for name, value in headers.items():
        if value and len(value) > most:
            raise HeaderTooLarge(header=name)


Payment = Annotated[RequestCredentials, Depends(read_credentials)]
