"""Kills a service at random moments while buyers pay, and compares their answers, the ledger and the chain."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

import httpx
from sqlalchemy.exc import OperationalError
from x402.http.clients.httpx import PaymentError

from alive402.demo import Buyer
from tests.e2e.crash_setup import PRICE, CrashSetup

BUYERS, MONEY = 8, 10**12
AGAIN_SECONDS = 1.0
SEED = 402
UNFINISHED = ("reserved", "executed", "settling", "settled", "settle_unknown", "failed")


@dataclass
class Killing:
    """What was seen: the request id of each signature's answer, and the unfinished payments at each kill by state."""

    kills: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    asked_again: int = 0
    unfinished: Counter[str] = field(default_factory=Counter)


async def kill_at_random(setup: CrashSetup, kills: int, longest_seconds: float) -> Killing:
    """Let the buyers pay for answer after answer, kill the service `kills` times, and check what they have.

    Each service lives for at most `longest_seconds` after its start.

    Raises:
        AssertionError: an answer is lost, another one or refused, or somebody was charged otherwise than for answers.
    """
    chance, seen, stop = random.Random(SEED), Killing(), asyncio.Event()
    await setup.start(reconcile_seconds=10)
    buyers = [setup.new_buyer() for _ in range(BUYERS)]
    for buyer in buyers:
        setup.facilitator.chain.mint(setup.wallet(buyer), MONEY)
    async with asyncio.TaskGroup() as buying:
        for buyer in buyers:
            buying.create_task(_buy(setup, buyer, seen, stop))
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0, longest_seconds))
            await setup.kill()
            seen.kills += 1
            seen.unfinished.update({state: count for state, count in _states(setup).items() if state in UNFINISHED})
            await setup.start(reconcile_seconds=10)
        stop.set()
    await _check(setup, buyers, seen)
    return seen


async def _buy(setup: CrashSetup, buyer: Buyer, seen: Killing, stop: asyncio.Event) -> None:
    """Buy one answer after another; after each failure send the same signature again, until it is answered."""
    while not stop.is_set():
        buyer._wire.signature = None
        answer = await _ask(setup, buyer)
        while answer is None:
            seen.asked_again += 1
            await asyncio.sleep(AGAIN_SECONDS)
            answer = await _ask(setup, buyer)
        assert buyer.signature not in seen.answers
        seen.answers[buyer.signature] = answer


async def _ask(setup: CrashSetup, buyer: Buyer) -> str | None:
    """The request id of the answer; None where the service is away, busy, or still at work on this payment."""
    signature = buyer._wire.signature
    try:
        answer = await (buyer.send(setup.video, signature) if signature else buyer.pay(setup.video))
    except (PaymentError, httpx.TransportError):
        return None
    assert answer.status_code in (200, 409, 503), answer.text
    return str(answer.json()["requestId"]) if answer.status_code == 200 else None


async def _check(setup: CrashSetup, buyers: list[Buyer], seen: Killing) -> None:
    for signature, request_id in seen.answers.items():
        again = await buyers[0].send(setup.video, signature)
        assert (again.status_code, again.json()["requestId"]) == (200, request_id), again.text
    assert len({*seen.answers.values()}) == len(seen.answers)
    spent = sum(MONEY - setup.facilitator.chain.balance(setup.wallet(buyer)) for buyer in buyers)
    ledger, chain = setup.earned()
    assert spent == ledger == chain == len(seen.answers) * PRICE
    assert _states(setup) == {"consumed": len(seen.answers)}


def _states(setup: CrashSetup) -> Counter[str]:
    """The number of payments by state."""
    try:
        return Counter(dict(setup._read("SELECT state, count(*) FROM payments GROUP BY state")))
    except OperationalError:
        return Counter()
