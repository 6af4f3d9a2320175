"""Values of a purchase: the verified answer, a purchase whose answer is still missing, and a challenge."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Answer:
    """A paid answer whose signature was verified.

    Attributes:
        body: the whole answer, as JSON.
        text: the same, as the service sent it; `alive402 verify-receipt` reads it.
        claims: what the service signed.
        payment: what the answer cost, as signed: `network`, `transaction`, `payer`, `amount` in atomic units, and for a
            token its `paymentId`; None when no money moved.
    """

    body: dict[str, Any]
    text: str = field(repr=False)
    claims: dict[str, Any] = field(repr=False)
    payment: dict[str, Any] | None = None

    @property
    def request_id(self) -> str:
        """The answer's id."""
        return str(self.body["requestId"])

    @property
    def verdict(self) -> str:
        """`live`, `spoof` or `inconclusive`."""
        return str(self.claims["verdict"])

    @property
    def live_confidence(self) -> float | None:
        """0 to 1, as signed."""
        return self.claims.get("confidence")

    @property
    def freshness(self) -> str | None:
        """`answered`, `not_answered` or `unclear`, as signed; None without a challenge."""
        claim = self.claims.get("freshness")
        return None if claim is None else str(claim["status"])

    @property
    def report(self) -> dict[str, Any]:
        """The report: reasons, quality, cues. A service that is no liveness service has none."""
        return dict(self.body["data"].get("Liveness", {}))

    @property
    def report_url(self) -> str | None:
        """The page of the answer, where it is stored."""
        return self.body.get("reportUrl")

    def to_dict(self) -> dict[str, Any]:
        """The answer with what was checked, JSON-ready."""
        return {
            "verdict": self.verdict,
            "liveConfidence": self.live_confidence,
            **({} if self.freshness is None else {"freshness": self.freshness}),
            "requestId": self.request_id,
            "reportUrl": self.report_url,
            "payment": self.payment,
            "claims": self.claims,
            "answer": self.body,
        }


@dataclass(frozen=True, slots=True)
class Pending:
    """A request that was paid for, or may have been, and whose answer is missing.

    `Client.resume` sends it again with the same payment, so it is charged at most once. It holds the payment: keep it
    secret.
    """

    service: str
    request: dict[str, Any]
    headers: dict[str, str] = field(repr=False)
    sha256: str | None = None
    payer: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, for a file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """Read what `to_dict` wrote.

        Raises:
            ValueError: it is something else.
        """
        try:
            found = cls(**stored)
        except TypeError as error:
            raise ValueError("This is no pending purchase.") from error
        if not isinstance(found.headers, dict) or not isinstance(found.request, dict):
            raise ValueError("This is no pending purchase.")
        return found


@dataclass(frozen=True, slots=True)
class IssuedChallenge:
    """A challenge of the service, in the state that it had when it was read.

    Attributes:
        id: `Client.buy` takes it as `challenge`.
        state: `issued`, `begun`, `filmed`, `used` or `expired`.
        capture_url: the page where the person films the answer.
        status_url: where its state is read; `Client.challenge` does.
        expires_at: until then it has to be begun.
        answer_by: until then the clip has to be there; None until it is begun.
        upload_url: the clip that its page handed over, which `Client.buy` takes; None until there is one.
        request_id: the call that used it, or None.
        body: the service's answer; it has `steps` and `capture` where the challenge was begun with the request.
    """

    id: str
    state: str
    capture_url: str
    status_url: str
    expires_at: datetime
    answer_by: datetime | None
    upload_url: str | None
    request_id: str | None
    body: dict[str, Any] = field(repr=False)

    @classmethod
    def of(cls, body: dict[str, Any], service_url: str) -> Self:
        """Read an answer of the service at `service_url`; its state names no other URLs."""
        name, begun = body["challengeId"], "answerBy" in body
        return cls(
            name,
            body.get("state", "begun" if begun else "issued"),
            body.get("captureUrl", f"{service_url}/capture/{name}"),
            body.get("statusUrl", f"{service_url}/api/challenges/{name}"),
            datetime.fromisoformat(body["expiresAt"]),
            datetime.fromisoformat(body["answerBy"]) if begun else None,
            body.get("uploadUrl"),
            body.get("requestId"),
            body,
        )
