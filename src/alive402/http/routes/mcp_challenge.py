"""The free MCP tool that makes a challenge, or reads the state of one: the same as over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mcp_types import CallToolResult
from starlette.requests import Request

from alive402.calls import PaidCalls
from alive402.challenges import Challenges, challenge_body, state_body
from alive402.http.payment import PaymentObjects, RequestCredentials, resource_of
from alive402.http.routes.challenges import challenge_options
from alive402.mcp import challenge_result
from alive402.payments.x402 import Resource


class FaceChallenge:
    """Makes challenges for calls of one service, whose terms an unpaid request gets."""

    def __init__(self, calls: PaidCalls, payments: PaymentObjects, challenges: Challenges, max_bytes: int) -> None:
        self.calls = calls
        self._payments = payments
        self._challenges = challenges
        self._max_bytes = max_bytes

    def resource(self, request: Request) -> Resource:
        """What the later call pays for, so that one signature serves both."""
        service = self.calls.service
        whole = resource_of(service, self._payments.base(request) + service.paths[0])
        return replace(whole, tool_name=service.tool_name)

    async def answer(
        self, given: Mapping[str, Any], payment: RequestCredentials, request: Request, request_id: str
    ) -> CallToolResult:
        """Make a challenge, or read the state of the one that is named.

        Raises:
            InvalidInput: the arguments fit no challenge.
            ChallengeUnknown: none has this id.
            TooManyChallenges: too many of this payer are open or unanswered.
            PaymentError, TooManyFailures: as `PaidCalls.affording`.
        """
        base = self._payments.base(request)
        if "challengeId" in given:
            row = await self._challenges.find(given["challengeId"])
            return challenge_result(state_body(row, base, datetime.now(UTC)))
        options = challenge_options(dict(given))
        async with self.calls.affording(payment.offer, self.resource(request), request_id, 0.0) as payer:
            row = await self._challenges.create(payer, options, given.get("bind"))
        return challenge_result(challenge_body(row, base, self._max_bytes))
