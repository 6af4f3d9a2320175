"""Verifies signed RPC requests of Alibaba Cloud's SDKs: V3 (ACS3-HMAC-SHA256) and V1 (HMAC-SHA1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

from alive402.http.alibaba.errors import INCOMPLETE, INVALID, MISSING, STALE, STS_TOKEN, RpcRefused

Headers = list[tuple[bytes, bytes]]
"""As received: lower-case names, raw values."""
MAX_FIELDS = 200
_ALGORITHM = "ACS3-HMAC-SHA256"
_V3 = re.compile(
    rf"{_ALGORITHM} Credential=([!-+\--~]{{1,128}}),SignedHeaders=([a-z0-9;_-]+),Signature=([0-9a-f]{{64}})"
)
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A parsed request whose signature is not verified yet. `parameters` are those of query and form."""

    access_key_id: str
    action: str
    version: str
    nonce: str
    at: datetime
    parameters: dict[str, str]
    _text: bytes = field(repr=False)
    _signature: str = field(repr=False)
    _v3: bool

    def signed_with(self, secret: str) -> bool:
        """Whether the signature was made with this secret."""
        if self._v3:
            made = hmac.new(secret.encode(), self._text, hashlib.sha256).hexdigest()
        else:
            made = base64.b64encode(hmac.new(f"{secret}&".encode(), self._text, hashlib.sha1).digest()).decode()
        return hmac.compare_digest(made.encode(), self._signature.encode())


def is_signed(query: bytes, headers: Headers) -> bool:
    """Whether a GET is a signed RPC request, as opposed to a visit to the home page."""
    return any(name == b"x-acs-action" for name, _ in headers) or b"Signature=" in query


def action_of(query: bytes, headers: Headers) -> str | None:
    """The action named in query or headers, needed to limit the body before reading it; None if the body names it."""
    named = _values(headers, "x-acs-action")
    if named:
        return named[0].decode("latin-1")
    return dict(_pairs(query)).get("Action")


def read(method: str, query: bytes, headers: Headers, body: bytes) -> SignedRequest:
    """Parse a request to `/` with its signature.

    Raises:
        RpcRefused: it is unsigned, a required part is not signed, it has an STS token, or its parameters cannot be
            parsed.
    """
    in_query, form = _pairs(query), _form(headers, body)
    parameters = dict(in_query + form)
    if len(parameters) != len(in_query) + len(form):
        raise RpcRefused(INVALID, "A parameter is given twice.")
    if parameters.get("SecurityToken") or any(_values(headers, "x-acs-security-token")):
        raise RpcRefused(
            STS_TOKEN,
            "This service issued no STS token. Sign with an AccessKeyId and AccessKeySecret of this service alone.",
        )
    authorization = _values(headers, "authorization")
    if authorization:
        return _v3(method, in_query, headers, body, parameters, authorization)
    return _v1(method, parameters)


def _v3(
    method: str,
    in_query: list[tuple[str, str]],
    headers: Headers,
    body: bytes,
    parameters: dict[str, str],
    authorization: list[bytes],
) -> SignedRequest:
    read = _V3.fullmatch(authorization[0].decode("latin-1")) if len(authorization) == 1 else None
    if read is None:
        raise RpcRefused(
            INCOMPLETE,
            f"Authorization is not `{_ALGORITHM} Credential=…,SignedHeaders=…,Signature=…` with 64 hex digits.",
        )
    access_key_id, listed, signature = read.groups()
    names = listed.split(";")
    sent = {name.decode("latin-1") for name, _ in headers}
    # Without a body the content type is not signed: the SDK's asyncio client adds one after it has signed.
    needed = {"host", *(name for name in sent if name.startswith("x-acs-") or (body and name == "content-type"))}
    if unsigned := sorted(needed - {*names}):
        raise RpcRefused(INCOMPLETE, f"SignedHeaders does not list {unsigned[0]}.")
    if absent := sorted({*names} - sent):
        raise RpcRefused(INCOMPLETE, f"SignedHeaders lists {absent[0]}, which was not sent.")
    payload = hashlib.sha256(body).hexdigest()
    if _only(headers, "x-acs-content-sha256") != payload:
        raise RpcRefused(INCOMPLETE, "x-acs-content-sha256 is not the sha256 of the body.")
    canonical_headers = b"".join(
        name.encode() + b":" + b",".join(sorted(value.strip() for value in _values(headers, name))) + b"\n"
        for name in names
    )
    canonical = b"\n".join(
        [method.encode(), b"/", _canonical(in_query).encode(), canonical_headers, listed.encode(), payload.encode()]
    )
    return SignedRequest(
        access_key_id=access_key_id,
        action=_only(headers, "x-acs-action"),
        version=_only(headers, "x-acs-version"),
        nonce=_nonce(_only(headers, "x-acs-signature-nonce")),
        at=_moment(_only(headers, "x-acs-date")),
        parameters=parameters,
        _text=f"{_ALGORITHM}\n{hashlib.sha256(canonical).hexdigest()}".encode(),
        _signature=signature,
        _v3=True,
    )


def _v1(method: str, parameters: dict[str, str]) -> SignedRequest:
    given = dict(parameters)
    for name in ("Action", "Version", "AccessKeyId", "Timestamp", "SignatureNonce", "Signature"):
        if not given.get(name):
            raise RpcRefused(MISSING, f"{name} is missing: the request is not signed.")
    if (given.get("SignatureMethod"), given.get("SignatureVersion")) != ("HMAC-SHA1", "1.0"):
        raise RpcRefused(INCOMPLETE, "SignatureMethod is not HMAC-SHA1, or SignatureVersion is not 1.0.")
    signature = given.pop("Signature")
    text = f"{method}&%2F&{quote(_canonical([*given.items()]), safe='~')}"
    return SignedRequest(
        access_key_id=given["AccessKeyId"],
        action=given["Action"],
        version=given["Version"],
        nonce=_nonce(given["SignatureNonce"]),
        at=_moment(given["Timestamp"]),
        parameters=given,
        _text=text.encode(),
        _signature=signature,
        _v3=False,
    )


def _canonical(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(pairs))


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    try:
        text = raw.decode("ascii")
        return parse_qsl(
            text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:
        raise RpcRefused(INVALID, "The parameters are not UTF-8 in application/x-www-form-urlencoded.") from None


def _form(headers: Headers, body: bytes) -> list[tuple[str, str]]:
    if not body:
        return []
    kind = b"".join(_values(headers, "content-type")).decode("latin-1").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise RpcRefused(INVALID, f"The body is not {_FORM}.")
    return _pairs(body)


def _values(headers: Headers, name: str) -> list[bytes]:
    return [value for each, value in headers if each == name.encode()]


def _only(headers: Headers, name: str) -> str:
    values = _values(headers, name)
    if len(values) != 1 or not values[0].strip():
        raise RpcRefused(MISSING, f"The header {name} is missing, or given twice.")
    return values[0].decode("latin-1").strip()


def _nonce(text: str) -> str:
    if len(text) > 128:
        raise RpcRefused(INVALID, "The signature nonce is longer than 128 characters.")
    return text


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise RpcRefused(STALE, "The signed date is not written as 2026-01-31T23:59:59Z.") from None
