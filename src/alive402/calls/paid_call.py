"""One paid call, the same for every API: check the input, reserve the price, answer, store, settle, sign."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

from alive402.calls.admission import Admission
from alive402.calls.call_log import CallKind
from alive402.calls.challenged import ChallengeUse
from alive402.calls.values import LedgerServices, Outcome, ReservedCall
from alive402.catalog import CHALLENGE_ID, InvalidInput, ServiceDefinition, problems_in
from alive402.challenges import ChallengeRefused
from alive402.errors import CodedError
from alive402.intake import IntakeError
from alive402.intake.sandbox import Progress
from alive402.liveness import AnalysisError, AnalysisFailed
from alive402.payments.core import (
    Answered,
    Hold,
    Offer,
    PaymentError,
    PaymentMalformed,
    PaymentMethod,
    PaymentRequired,
    SettlementRefused,
    Use,
)
from alive402.payments.keys import KeyMethod
from alive402.payments.prepaid import Prepayments, TokenMethod, TokenOrSignature
from alive402.payments.x402 import SETTLE_SECONDS, VERIFY_SECONDS, PaymentGate, Resource, X402Method
from alive402.providers import Provider

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PaidCalls:
    """One service with its price, its provider and the shared ledger services."""

    service: ServiceDefinition
    gate: PaymentGate
    provider: Provider
    prepayments: Prepayments
    ledger_services: LedgerServices
    admission: Admission
    _validator: Draft202012Validator = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        validator = Draft202012Validator(self.service.input_schema, format_checker=FormatChecker())
        object.__setattr__(self, "_validator", validator)

    def check_input(self, given: object) -> None:
        """Check a request against the input schema, and its URLs against the allowed schemes and hosts.

        Raises:
            InvalidInput: it does not match the schema.
            InvalidUrl: it matches, but a URL in it cannot be fetched.
        """
        problems = problems_in(given, self._validator)
        if problems:
            raise InvalidInput(problems=problems)
        assert isinstance(given, dict)
        self.provider.check(given)

    async def call(
        self,
        given: dict[str, Any],
        offer: Offer,
        resource: Resource,
        request_id: str,
        progress: Progress | None = None,
    ) -> Outcome:
        """Answer one request that passed `check_input`, paid by `offer`.

        Nothing is charged unless this returns. The answer is stored before the money moves, and the same payment with
        the same request gets it again.

        Raises:
            PaymentError: the payment is missing, invalid, or used elsewhere.
            ChallengeRefused: the challenge that the request names cannot be used.
            IntakeError, AnalysisError: the video could not be fetched or analyzed; the payment may be used again.
            SettlementUnknown: the answer is stored, but it is not known yet whether the money moved.
            TooManyFailures: too many calls of this payer or address failed; answers already bought are still given.
            TooManyGuesses: the offer has a token or a key, and too many from this address were wrong.
            Busy: too many calls are running, or the service is stopping; nothing was verified or reserved.
        """
        return await self.finish(await self.begin(given, offer, resource, request_id, at_once=True), progress)

    @asynccontextmanager
    async def affording(self, offer: Offer, resource: Resource, request_id: str, seconds: float) -> AsyncIterator[str]:
        """Check that an offer could pay for a call some `seconds` from now, and yield its payer; nothing is charged.

        The block receives the payer's upload. An upload that fails by its sender's fault counts as a failed call of the
        address, except with the operator's own keys.

        Raises:
            PaymentError, TooManyFailures: as `call` does.
        """
        try:
            method = self._method(offer, resource, seconds, at_once=False)
            async with self.ledger_services.guesses.offered(offer):
                await method.identify()
                async with self.ledger_services.failures.guarded(method.payer, offer.address):
                    payer = await method.afford(Use(self.service.id, "", request_id))
        except PaymentMalformed:
            await self.ledger_services.failures.count(None, offer.address)
            raise
        operators_own = method.payer is None
        async with nullcontext() if operators_own else self.ledger_services.failures.receiving(offer.address):
            yield payer

    async def begin(
        self, given: dict[str, Any], offer: Offer, resource: Resource, request_id: str, *, at_once: bool = False
    ) -> ReservedCall:
        """Reserve the price of a call; the caller of this method must call `finish` or `drop` next.

        `at_once`: the caller waits for the answer, so that the work starts as soon as there is room.

        Raises:
            PaymentError, TooManyFailures, Busy: as `call` does.
        """
        began = time.monotonic()
        with self._failure_noted(began):
            method = self._method(offer, resource, at_once=at_once)
            challenge = self._challenge(given, method, request_id)
            use = Use(self.service.id, _hash(given), request_id, also=challenge)
            async with self.ledger_services.guesses.offered(offer):
                held, ticket = await method.recall(use), None
            if held is None:
                ticket = self.admission.admit(method.turn, offer.address)
                try:
                    async with self.ledger_services.failures.guarded(method.payer, offer.address):
                        held = await method.reserve(use)
                except BaseException:
                    ticket.leave()
                    raise
                ticket.prove()
                if challenge is not None:
                    challenge.keep()
        return ReservedCall(request_id, given, method, held, offer.address, began, ticket, challenge)

    async def drop(self, reserved: ReservedCall, why: str) -> None:
        """Release what `begin` reserved; a finished call stays finished."""
        try:
            if not isinstance(reserved.held, Answered):
                await self._give_up(reserved, reserved.held, asyncio.CancelledError(), why)
        finally:
            if reserved.ticket is not None:
                reserved.ticket.leave()

    async def finish(self, reserved: ReservedCall, progress: Progress | None = None) -> Outcome:
        """Do the work, store the answer, settle. Raises what `call` raises after the price is reserved."""
        try:
            with self._failure_noted(reserved.began):
                outcome = await self._finish(reserved, progress)
        finally:
            if reserved.ticket is not None:
                reserved.ticket.leave()
        kind = CallKind.REPEATED if outcome.replayed else CallKind.ANSWERED
        verdict = outcome.data[self.service.report_field]["verdict"]
        self.ledger_services.call_log.note(self.service.id, kind, verdict, time.monotonic() - reserved.began)
        return outcome

    async def _finish(self, reserved: ReservedCall, progress: Progress | None) -> Outcome:
        method, held = reserved.method, reserved.held
        if isinstance(held, Answered):
            log.info("answered again", request_id=reserved.request_id, first_request_id=held.request_id)
            return self._hand_over(await self.ledger_services.verdicts.recalled(held), method, replayed=True)
        try:
            data = held.result if held.result is not None else await self._execute(reserved, held, progress)
            # The work is done. Settlement must not stop half way when the caller disconnects.
            answered = await asyncio.shield(held.settle(data, self.ledger_services.verdicts))
        except (IntakeError, AnalysisError, SettlementRefused, ChallengeRefused) as error:
            # A 503 is our own lack of capacity, not the caller's failure.
            if method.payer is not None and error.status != 503:
                await self.ledger_services.failures.count(method.payer, reserved.address)
            raise
        return self._hand_over(answered, method, replayed=False)

    @contextmanager
    def _failure_noted(self, began: float) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            code = error.code if isinstance(error, CodedError) else "internal_error"
            self.ledger_services.call_log.note(self.service.id, _kind(error), code, time.monotonic() - began)
            raise

    @property
    def seconds_needed(self) -> float:
        """How long a payment must remain valid after it arrives."""
        return VERIFY_SECONDS + self.provider.seconds + SETTLE_SECONDS

    def _method(self, offer: Offer, resource: Resource, waits: float = 0.0, *, at_once: bool) -> PaymentMethod:
        """The payment method of an offer, for a call that starts in `waits` seconds; a token that can pay goes first.

        Raises:
            PaymentRequired: the offer is empty.
            PaymentMalformed: the offer cannot be parsed.
        """
        token = TokenMethod(self.ledger_services.tokens, offer.token) if offer.token else None
        if offer.signature:
            read, needed = self.gate.read(offer.signature), waits + self.seconds_needed
            ledger, key = self.ledger_services.ledger, offer.idempotency_key
            signed = X402Method(
                ledger, self.gate, read, resource, needed, repeat_key=key, at_once=at_once, share=self.service.share_of
            )
            refused = partial(self.ledger_services.guesses.count, offer.address)
            return TokenOrSignature(token, signed, self.service.id, refused) if token else signed
        if token:
            return token
        if account := offer.account or offer.api_key:
            return KeyMethod(self.ledger_services.keys, self.ledger_services.balances, account, offer.idempotency_key)
        raise PaymentRequired

    def _hand_over(self, answered: Answered, method: PaymentMethod, *, replayed: bool) -> Outcome:
        """Build the outcome of every answer, new or repeated, after its settlement."""
        receipt = answered.receipt if method.settles_each_call else {}
        report = self.ledger_services.verdicts.report_id_of(answered.request_id) if method.keeps_answers else None
        return Outcome(answered.request_id, answered.result, receipt, replayed, report)

    async def _execute(self, reserved: ReservedCall, held: Hold, progress: Progress | None) -> dict[str, Any]:
        """Get the answer from the provider; on any failure release the payment."""
        try:
            async with reserved.ticket.at_work() if reserved.ticket else nullcontext():
                await held.confirm(time.monotonic() - reserved.began)
                if reserved.challenge is None:
                    answer = await self.provider.answer(reserved.given, progress)
                else:
                    answer = await reserved.challenge.answer(progress)
        except (IntakeError, AnalysisError, PaymentError, ChallengeRefused) as error:
            await self._give_up(reserved, held, error, error.code)
            raise
        except BaseException as error:
            await asyncio.shield(self._give_up(reserved, held, error, type(error).__name__))
            if isinstance(error, Exception):
                log.exception("provider failed", request_id=held.request_id)
                raise AnalysisFailed from None
            raise
        return self.service.answer(answer.elements, answer.report)

    async def _give_up(self, reserved: ReservedCall, held: Hold, error: BaseException, why: str) -> None:
        """Give back the money of a call that failed, and before it the challenge, unless `error` used that up."""
        if reserved.challenge is not None:
            await reserved.challenge.end(error)
        await held.give_back(why)

    def _challenge(self, given: dict[str, Any], method: PaymentMethod, request_id: str) -> ChallengeUse | None:
        """The use of the challenge that a request names, or None."""
        if CHALLENGE_ID not in given:
            return None
        shared, field = self.ledger_services, self.service.report_field
        return ChallengeUse.named_in(
            given, self.provider, shared.challenges, shared.ledger, lambda: method.turn, request_id, field
        )


@dataclass(frozen=True, slots=True)
class ServiceRegistry:
    """Every service for sale, in order, over the same ledger services."""

    services: tuple[PaidCalls, ...]
    ledger_services: LedgerServices

    @property
    def first(self) -> PaidCalls:
        """The site's main service."""
        return self.services[0]

    def find(self, service_id: str) -> PaidCalls | None:
        """Find a service by its id or an alias."""
        return next((calls for calls in self.services if service_id in calls.service.ids), None)


def _kind(error: Exception) -> CallKind:
    """Classify an error for the catalog's statistics: the video or its host, the payment, or our own fault."""
    if isinstance(error, PaymentError):
        return CallKind.UNPAID if type(error) is PaymentRequired else CallKind.REFUSED
    theirs = isinstance(error, CodedError) and error.status < 500
    return CallKind.UNUSABLE if theirs else CallKind.FAULT


def _hash(given: dict[str, Any]) -> str:
    """Hash of a request, independent of its JSON's spacing and key order."""
    return hashlib.sha256(json.dumps(given, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
