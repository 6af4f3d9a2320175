"""The steps of a purchase, without I/O: a generator yields requests and pauses, and gets responses.

`client.py` runs the generator, once for threads and once for asyncio. A request that may have been paid is repeated
with the same payment only.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from alive402.client.answer import Answer, IssuedChallenge, Pending
from alive402.client.errors import ClientError, NoWayToPay, ReceiptUnverified, Refused, Unreachable
from alive402.client.inputs import content_of, is_picture, names_picture
from alive402.client.responses import Lost, gave_up, refused, repeated_after, settlement
from alive402.client.wallet import Signed, Wallet, same_wallet

ONE_WAY = "Give one means to pay: a wallet, a prepaid token, or an API key."
TOOLS = "/api/tools/"
VIDEO_SERVICE, PICTURE_SERVICE = "video-face-liveness-detection", "face-liveness-detection"
_UPLOADS, _CHALLENGES = "/api/uploads", "/api/challenges"
_KEYS, _FAUCET = "/.well-known/jwks.json", "/devchain/faucet"
_UNPAID_PATIENCE = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 10.0


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request to the service."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause before the next request."""

    seconds: float


Reply = httpx.Response | Lost | None
Steps = Generator[Call | Pause, Reply]


@dataclass(slots=True)
class Purchases:
    """Purchases at one service.

    `means` are the headers of a token or a key; without any, `wallet` signs. `jwks` are the service's keys, or None to
    fetch them from it. `patience` is for how long a request is repeated, in seconds. `tell` hears of each step.
    """

    url: str
    means: dict[str, str]
    wallet: Wallet | None
    jwks: dict[str, Any] | None
    patience: float
    tell: Callable[[str], None]
    _fetched: dict[str, Any] | None = None
    _signed: dict[str, Signed] = field(default_factory=dict)
    """The payments that challenges were made with, by the challenge; each pays for the call that names it."""

    def new_challenge(self, options: dict[str, Any]) -> Generator[Call | Pause, Reply, IssuedChallenge]:
        """Make a challenge for the next video; nothing is charged, but the payment has to be signed."""
        headers, signed = yield from self._paid_by(VIDEO_SERVICE, None)
        try:
            reply = yield from self._send(_post(_CHALLENGES, options, headers), None)
            if reply.status_code != 201:
                raise refused(reply, None)
        except (Refused, Unreachable):
            self._free(signed)
            raise
        made = IssuedChallenge.of(reply.json(), self.url)
        if signed is not None:
            self._signed[made.id] = signed
        return made

    def challenge(self, challenge_id: str) -> Generator[Call | Pause, Reply, IssuedChallenge]:
        """The state of a challenge."""
        reply = yield from self._send(Call("GET", f"{_CHALLENGES}/{quote(challenge_id, safe='')}"), None)
        if reply.status_code != 200:
            raise refused(reply, None)
        return IssuedChallenge.of(reply.json(), self.url)

    def buy(
        self,
        source: str | Path,
        picture: bool | None,
        key: str | None,
        challenge: str | None = None,
        bind: str | None = None,
    ) -> Generator[Call | Pause, Reply, Answer]:
        """Buy the judgement of a file, which is uploaded, or of a URL, and whether it answers a challenge."""
        asked = {"ChallengeId": challenge, "ChallengeBind": bind} if bind is not None else {"ChallengeId": challenge}
        more = {name: value for name, value in asked.items() if challenge is not None}
        name = str(source)
        if name.startswith(("http://", "https://")):
            shown = names_picture(name) if picture is None else picture
            service, content = (PICTURE_SERVICE if shown else VIDEO_SERVICE), None
        else:
            content = content_of(Path(source))
            service = PICTURE_SERVICE if (is_picture(content) if picture is None else picture) else VIDEO_SERVICE
        signed = self._signed.pop(challenge or "", None)
        if signed is not None:
            try:
                return (yield from self._bought(service, name, content, more, _signature(signed), signed, key))
            except Refused as error:
                # The person has taken longer than the payment is valid.
                if error.code != "payment_expires_soon":
                    raise
        priced = None if content is not None else _request(service, name) | more
        headers, signed = yield from self._paid_by(service, priced)
        return (yield from self._bought(service, name, content, more, headers, signed, key))

    def _bought(
        self,
        service: str,
        url: str,
        content: bytes | None,
        more: dict[str, Any],
        headers: dict[str, str],
        signed: Signed | None,
        key: str | None,
    ) -> Generator[Call | Pause, Reply, Answer]:
        """Buy the judgement of a URL, or of `content`, with a payment."""
        if content is not None:
            url = yield from self._upload(service, content, headers, signed)
        sha256 = hashlib.sha256(content).hexdigest() if content is not None else None
        return (yield from self._answer(service, _request(service, url) | more, headers, signed, key, sha256))

    def call(self, service: str, request: dict[str, Any], key: str | None) -> Generator[Call | Pause, Reply, Answer]:
        """Buy the answer of any service of the site to a request."""
        headers, signed = yield from self._paid_by(service, request)
        return (yield from self._answer(service, request, headers, signed, key, None))

    def resume(self, pending: Pending) -> Generator[Call | Pause, Reply, Answer]:
        """Ask once more for an answer that may have been paid, with the same payment."""
        return (yield from self._finish(pending, None))

    def fund(self) -> Generator[Call | Pause, Reply, None]:
        """Get test money, where the service runs on a test chain."""
        if self.wallet is None:
            raise NoWayToPay("Test money needs a wallet.")
        reply = yield from self._send(_post(_FAUCET, {"address": self.wallet.address}, {}), None)
        if reply.status_code == 404:
            raise NoWayToPay("This service gives no test money: it takes real money, or an older version runs there.")
        if not reply.is_success:
            raise refused(reply, None)

    def _paid_by(
        self, service: str, request: dict[str, Any] | None
    ) -> Generator[Call | Pause, Reply, tuple[dict[str, str], Signed | None]]:
        """The headers that pay: those that were given, or a payment signed for the service's 402."""
        if self.means:
            return self.means, None
        if self.wallet is None:
            raise NoWayToPay(ONE_WAY)
        self.tell("asking for the price")
        reply = yield from self._send(_post(TOOLS + service, request or {}, {}), None)
        if reply.status_code != 402:
            raise refused(reply, None)
        signed = self.wallet.sign(reply.headers.get("PAYMENT-REQUIRED"))
        self.tell(f"paying {signed.usd.normalize():f} USD")
        return _signature(signed), signed

    def _upload(
        self, service: str, content: bytes, headers: dict[str, str], signed: Signed | None
    ) -> Generator[Call | Pause, Reply, str]:
        self.tell(f"uploading {len(content) / 1e6:.1f} MB")
        kind = {"Content-Type": "application/octet-stream"}
        try:
            reply = yield from self._send(Call("POST", f"{_UPLOADS}?service={service}", headers | kind, content), None)
            if reply.status_code != 201:
                raise refused(reply, None)
        except (Refused, Unreachable):
            # The upload never moves money.
            self._free(signed)
            raise
        return str(reply.json()["url"])

    def _answer(
        self,
        service: str,
        request: dict[str, Any],
        headers: dict[str, str],
        signed: Signed | None,
        key: str | None,
        sha256: str | None,
    ) -> Generator[Call | Pause, Reply, Answer]:
        # With a token a repeated request would be a second call without the key.
        named = headers | {"Idempotency-Key": key or uuid.uuid4().hex}
        return (
            yield from self._finish(Pending(service, request, named, sha256, signed.payer if signed else None), signed)
        )

    def _finish(self, pending: Pending, signed: Signed | None) -> Generator[Call | Pause, Reply, Answer]:
        self.tell("judging")
        try:
            reply = yield from self._send(_post(TOOLS + pending.service, pending.request, pending.headers), pending)
            if reply.status_code != 200:
                raise refused(reply, pending)
        except ClientError as error:
            if error.charged is False:
                self._free(signed)
            raise
        self.tell("verifying the receipt")
        return (yield from self._verified(reply, pending))

    def _verified(self, reply: httpx.Response, pending: Pending) -> Generator[Call | Pause, Reply, Answer]:
        from alive402.receipts import VerdictUnverified, contradiction, verified_answer

        text, settled = reply.text, settlement(reply)
        keys = self.jwks or self._fetched or (yield from self._keys(text, pending))
        try:
            try:
                claims = verified_answer(text, keys, base=self.url)
            except VerdictUnverified:
                if self.jwks is not None or keys is not self._fetched:
                    raise
                # The service may sign with a new key since.
                claims = verified_answer(text, (yield from self._keys(text, pending)), base=self.url)
            body = json.loads(text)
            if not isinstance(body, dict) or "data" not in body:
                raise VerdictUnverified("The response is not an answer.")
            # The header is not sent for tokens and keys.
            paid = {name: body[name] for name in ("requestId", "data")} | {"payment": settled}
            if settled is not None and contradiction(paid, claims) is not None:
                raise VerdictUnverified("The PAYMENT-RESPONSE header is not the payment that was signed.")
            if pending.sha256 and pending.sha256 not in (claims.get("videoSha256"), *claims.get("imagesSha256", ())):
                raise VerdictUnverified("The answer is about another file than the one that was sent.")
            asked = pending.request.get("ChallengeId")
            if asked is not None and (claims.get("freshness") or {}).get("challengeId") != asked:
                raise VerdictUnverified("The answer is not about the challenge that was named.")
            payment = claims.get("payment")
            if pending.payer and payment and not same_wallet(str(payment.get("payer")), pending.payer):
                raise VerdictUnverified("The answer was paid by another payer.")
        except VerdictUnverified as error:
            raise ReceiptUnverified(error.message, text, charged=None, pending=pending) from None
        return Answer(body, text, claims, payment)

    def _keys(self, text: str, pending: Pending) -> Generator[Call | Pause, Reply, dict[str, Any]]:
        try:
            reply = yield from self._send(Call("GET", _KEYS), None)
            found = reply.json() if reply.is_success else None
        except (Refused, Unreachable, ValueError):
            found = None
        if not isinstance(found, dict):
            raise ReceiptUnverified("The service's keys cannot be read.", text, charged=None, pending=pending)
        self._fetched = found
        return found

    def _send(self, call: Call, pending: Pending | None) -> Generator[Call | Pause, Reply, httpx.Response]:
        """Send a request, and repeat it exactly while its answer is lost or the service asks to."""
        # Nothing is paid yet, so a wrong URL is reported after a few seconds.
        patience = min(self.patience, _UNPAID_PATIENCE) if pending is None else self.patience
        began, pause = time.monotonic(), _FIRST_PAUSE
        while True:
            reply = yield call
            assert reply is not None, "a request is answered by a response or by `Lost`"
            again = repeated_after(reply)
            if again is None:
                assert isinstance(reply, httpx.Response)
                return reply
            wait = max(again, pause)
            until = began + (patience if isinstance(reply, Lost) else self.patience)
            if time.monotonic() + wait > until:
                raise gave_up(reply, pending, self.url)
            self.tell(f"waiting {wait:.0f} s" if wait >= 1 else "asking again")
            yield Pause(wait)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _free(self, signed: Signed | None) -> None:
        if self.wallet is not None and signed is not None:
            self.wallet.free(signed.usd)


def _signature(signed: Signed) -> dict[str, str]:
    return {"PAYMENT-SIGNATURE": signed.header}


def _post(path: str, body: dict[str, Any], headers: dict[str, str]) -> Call:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Call("POST", path, headers | {"Content-Type": "application/json"}, content)


def _request(service: str, url: str) -> dict[str, Any]:
    return {"Tasks": [{"ImageURL": url}]} if service == PICTURE_SERVICE else {"VideoUrl": url}
