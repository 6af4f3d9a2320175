"""Access control of the operator's routes: an API key with the scope `ops`, by header or by a browser session."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import jwt
from fastapi import Request

from alive402.calls import Guesses
from alive402.errors import CodedError
from alive402.http.payment import KEY_HEADER, MAX_SECRET_BYTES
from alive402.payments.core import ApiKeyForbidden, ApiKeyRefused, NoSuchApiKey
from alive402.payments.keys import Keys, Scope
from alive402.receipts import SigningKeys
from alive402.storage import Clock, utc_now

COOKIE = "alive402_ops"
_AUDIENCE = "alive402-ops"


class OpsKeyMissing(CodedError):
    """The request carries no key and no session."""

    code = "ops_key_missing"
    status = 401
    default = "Send an API key with the scope ops, as X-Api-Key or Authorization: Bearer, or sign in at /ops."


class CrossSite(CodedError):
    """A form was sent from another site, or over a connection on which the browser does not state its origin."""

    code = "cross_site"
    status = 403
    default = "Send this form from /ops itself, over https or from the machine on which the service runs."


@dataclass(frozen=True, slots=True)
class OpsAccess:
    """Checks keys and sessions. A session refers to its key without containing it, and ends when the key is revoked.

    The session key is derived from the verdict signing key: several processes accept each other's sessions, and a new
    signing key ends them all.
    """

    keys: Keys
    signing: SigningKeys
    lasts: timedelta
    guesses: Guesses
    now: Clock = utc_now
    _secret: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_secret", self.signing.secret("ops sessions"))

    async def check(self, request: Request, token: str | None = None) -> None:
        """Check that the request's header holds a key with the scope `ops`, or `token`.

        Raises:
            OpsKeyMissing, ApiKeyRefused, ApiKeyForbidden: it holds none.
            TooManyGuesses: too many keys from its address were wrong.
        """
        key = header_key(request)
        if key is None:
            raise OpsKeyMissing
        await self.check_key(key, request, token)

    async def check_key(self, key: str, request: Request, token: str | None = None) -> str:
        """Check a key that came with a request and return its id; "" for `token`. Raises like `check`."""
        async with self.guesses.guarded(request.client.host if request.client else None):
            if token and hmac.compare_digest(key.encode(), token.encode()):
                return ""
            if len(key) > MAX_SECRET_BYTES:
                raise ApiKeyRefused
            return await self.keys.check(key, Scope.OPS)

    def session(self, key_id: str) -> str:
        """A session token for the browser that presented this key."""
        ends: datetime = self.now() + self.lasts
        return jwt.encode({"sub": key_id, "exp": ends, "aud": _AUDIENCE}, self._secret, algorithm="HS256")

    async def check_session(self, request: Request) -> None:
        """Check that the request's cookie is a session whose key is still valid.

        Raises:
            OpsKeyMissing: there is no session, or it expired.
            ApiKeyRefused, ApiKeyForbidden: its key was revoked, or lacks the scope.
        """
        try:
            said = jwt.decode(request.cookies.get(COOKIE, ""), self._secret, algorithms=["HS256"], audience=_AUDIENCE)
            row = await self.keys.find(str(said.get("sub")))
        except (jwt.PyJWTError, NoSuchApiKey):
            raise OpsKeyMissing from None
        if row.revoked_at is not None:
            raise ApiKeyRefused
        if Scope.OPS not in row.scopes.split():
            raise ApiKeyForbidden(scope=str(Scope.OPS))


def header_key(request: Request) -> str | None:
    """The API key in a request's headers, or None."""
    kind, _, bearer = request.headers.get("authorization", "").partition(" ")
    return request.headers.get(KEY_HEADER) or (bearer.strip() if kind.lower() == "bearer" else "") or None


def refuse_other_sites(request: Request, base: str) -> None:
    """Accept a form from our own pages only. Other clients send neither header and have no cookie to abuse.

    Raises:
        CrossSite: the form comes from another site.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    # Our own pages send no referrer, so browsers may give their origin as `null`; Sec-Fetch-Site decides then.
    try:
        near = origin is None or urlsplit(origin)[:2] == urlsplit(base)[:2]
    except ValueError:
        near = False
    if not (near if site is None else site == "same-origin"):
        raise CrossSite
