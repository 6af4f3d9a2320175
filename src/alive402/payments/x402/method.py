"""Payment of a call by one x402 authorization: verified before the work, settled after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import structlog

from alive402.payments.core import (
    AlsoUsed,
    Answered,
    AnswerSigner,
    Claim,
    FacilitatorUnavailable,
    PaymentRequired,
    SettlementRefused,
    SettlementUnknown,
    Stage,
    Unverified,
    Use,
)
from alive402.payments.ledger import Ledger
from alive402.payments.x402.protocol import PaymentGate
from alive402.payments.x402.schemes import Transfer
from alive402.payments.x402.signed_payment import Resource, Settled, SignedPayment
from alive402.stages import CallStage, stage

log = structlog.get_logger(__name__)

FRESH_SECONDS = 5.0
_REFUSALS = (PaymentRequired, FacilitatorUnavailable)
Share = Callable[[dict[str, Any]], Fraction]
"""The share of the price that an answer costs, where the payment's scheme can settle less than was signed."""


def _whole(_result: dict[str, Any]) -> Fraction:
    return Fraction(1)


@dataclass(frozen=True, slots=True)
class X402Hold:
    """The `Hold` of an authorization that this call owns in the ledger."""

    ledger: Ledger
    gate: PaymentGate
    signed: SignedPayment
    claim: Claim
    share: Share
    also: AlsoUsed | None = None

    @property
    def request_id(self) -> str:
        """The request id of the claim."""
        return self.claim.request_id

    @property
    def result(self) -> dict[str, Any] | None:
        """The stored answer of the claim, or None."""
        return self.claim.result

    async def confirm(self, waited: float) -> None:
        """Verify once more when a payment that lives for a minute has waited."""
        if self.claim.stage is not Stage.ANSWER and waited > FRESH_SECONDS and self.gate.is_short_lived(self.signed):
            await self.gate.verify(self.signed)

    async def give_back(self, why: str) -> None:
        """Release the payment in the ledger."""
        async with self.ledger.begin() as payments:
            await payments.release(self.claim, why)

    async def settle(self, result: dict[str, Any], signer: AnswerSigner) -> Answered:
        """Store the answer, settle, and store the verdict; the receipt is the x402 SettleResponse."""
        moved = await self._move(result)
        issued = signer.issue(Answered(self.request_id, result, moved.receipt))
        async with self.ledger.begin() as payments:
            await payments.settled(self.claim, moved.transaction, moved.receipt)
            return await issued.keep(payments.session)

    async def buy(self, result: dict[str, Any]) -> dict[str, Any]:
        """Settle for something other than a verdict; returns the receipt. Raises like `settle`."""
        moved = await self._move(result)
        async with self.ledger.begin() as payments:
            await payments.settled(self.claim, moved.transaction, moved.receipt)
        return moved.receipt

    async def _move(self, result: dict[str, Any]) -> Settled:
        """Store `result`, then move the money; records every failed or unknown outcome."""
        claim, paid = self.claim, self.claim.stage is Stage.ANSWER
        # A stored answer costs what was written down with it, and money that moved before is what it is.
        amount = claim.amount if claim.result is not None or paid else self.signed.share(self.share(result))
        signed = self.signed.settling(amount)
        # This may run in a task that outlives the caller's.
        self.ledger.keep(claim)
        async with self.ledger.begin() as payments:
            await payments.settling(claim, result, amount)
            if self.also is not None and claim.result is None:
                await self.also.spend(payments.session, result)
        try:
            with stage(CallStage.SETTLE):
                if paid:
                    moved = await self.gate.chain.found(signed)
                else:
                    resolving = claim.stage is Stage.RESOLVE
                    moved = await (self.gate.resolve(signed) if resolving else self.gate.settle(signed))
        except SettlementUnknown as error:
            log.warning("settlement unknown", request_id=claim.request_id, reason=error.details.get("reason"))
            async with self.ledger.begin() as payments:
                await payments.unknown(claim, str(error.details.get("reason", "")))
            raise
        except SettlementRefused as error:
            reason = str(error.details.get("reason", ""))
            async with self.ledger.begin() as payments:
                await payments.refused(claim, reason, expired=reason == "expired")
            raise
        log.info("moved", request_id=claim.request_id, transaction=moved.transaction, amount=amount)
        return moved


@dataclass(frozen=True, slots=True)
class X402Method:
    """Payment by a signed authorization for `resource`, which must stay valid for `seconds_needed`.

    `at_once`: the work starts when the payment arrives, and its caller waits for it.
    """

    ledger: Ledger
    gate: PaymentGate
    signed: SignedPayment
    resource: Resource
    seconds_needed: float
    repeat_key: str | None = None
    at_once: bool = True
    share: Share = _whole
    settles_each_call: bool = True
    keeps_answers: bool = True

    async def identify(self) -> None:
        """Do nothing: the signed authorization names its payer."""

    @property
    def payer(self) -> str:
        """The payer's wallet address."""
        return self.signed.money.payer

    @property
    def turn(self) -> str:
        """The same as `payer`."""
        return self.payer

    async def afford(self, use: Use) -> str:
        """Check terms and validity, that the payment is free, and that the facilitator would settle it."""
        try:
            self.gate.admit(self.signed, self.resource, self.seconds_needed, at_once=self.at_once)
            await self._is_free()
            await self.gate.verify(self.signed)
        except _REFUSALS:
            await self._is_free()
            if await self.moved_before() is None:
                raise
        return self.payer

    async def recall(self, use: Use) -> Answered | X402Hold | None:
        """The answer or unfinished claim that the payment has for this request, or None."""
        # `reserve` asks again: a call that has begun meanwhile is found there.
        if self.signed.identifier is None and not await self.ledger.knows(self.signed.money):
            return None
        return await self._look(use, verified=False)

    async def reserve(self, use: Use) -> Answered | X402Hold:
        """Verify and reserve the payment; asks the facilitator outside of any transaction, as it may take seconds."""
        try:
            # For new payments only: a bought answer is returned even if the price changed or the payment expired.
            self.gate.admit(self.signed, self.resource, self.seconds_needed, at_once=self.at_once)
            await self.gate.verify(self.signed)
        except _REFUSALS:
            # A call that settles this payment meanwhile is in the ledger, and makes the facilitator refuse its nonce.
            held = await self._look(use, verified=False) or await self._recover(use)
            if held is None:
                raise
            return held
        held = await self._look(use, verified=True)
        assert held is not None
        return held

    async def _is_free(self) -> None:
        async with self.ledger.begin() as payments:
            await payments.is_free(self.signed.money)

    async def moved_before(self) -> Transfer | None:
        """The transfer that this payment made before, when the ledger has lost it.

        Raises:
            FacilitatorUnavailable: the node does not answer, so it is not known.
        """
        if not self.signed.fits:
            return None
        # Before the ledger is asked: a sweep that ends meanwhile has added the payment.
        lost_above = self.gate.chain.lost_above(self.signed)
        known = await self.ledger.knows(self.signed.money)
        return await self.gate.chain.moved_before(self.signed, known=known, lost_above=lost_above)

    async def _recover(self, use: Use) -> Answered | X402Hold | None:
        """The hold of a payment whose money moved before, and whose answer the ledger has lost; None for another."""
        found = await self.moved_before()
        if found is None:
            return None
        log.warning("payment recovered", request_id=use.request_id, transaction=found.transaction)
        async with self.ledger.begin() as payments:
            money = replace(self.signed.money, amount=found.amount)
            return self._held(await payments.recover(money, self._named(use), found.transaction), use)

    async def _look(self, use: Use, *, verified: bool) -> Answered | X402Hold | None:
        async with self.ledger.begin() as payments:
            held = await payments.reserve(self.signed.money, self._named(use), verified=verified)
        return self._held(held, use)

    def _named(self, use: Use) -> Use:
        return replace(use, identifier=self.signed.identifier, repeat_key=self.repeat_key)

    def _held(self, held: Claim | Answered | Unverified, use: Use) -> Answered | X402Hold | None:
        match held:
            case Claim():
                self.ledger.keep(held)
                return X402Hold(self.ledger, self.gate, self.signed, held, self.share, use.also)
            case Unverified():
                return None
        return held
