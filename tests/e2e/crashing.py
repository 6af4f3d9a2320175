"""A launcher of `alive402 serve` that kills it at a named moment; not part of the service.

`python -m tests.e2e.crashing` reads one JSON object a line, the fields of `Wanted`, and runs the real command line so
in a process of its own, which it waits for; then it says `gone` and takes the next line. All it adds to the service:
at each moment below the process kills itself if the file `armed` names that moment, its clock is wrong by `skew`
seconds, and it does not wait long for a locked database. With a folder `answers`, the answers of judged files are kept
there: a service that comes after another does not judge the same video again.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from x402.http import HTTPFacilitatorClient

# Imported here, so that a process that is forked from this one starts at once.
import alive402.http.server
from alive402.challenges import Challenges
from alive402.cli.main import main
from alive402.payments.ledger import Ledger, PaymentRepository
from alive402.payments.ledger.recovery import Recovery
from alive402.payments.ledger.service import PaymentService
from alive402.providers import LocalProvider
from alive402.storage import database, utc_now
from tests.judged_once import judge_once

armed = Path()
answers: Path | None = None


def moment(name: str) -> None:
    """Kill this process if this is the armed moment."""
    if armed.read_text() == name:
        os.kill(os.getpid(), signal.SIGKILL)


def install() -> None:
    """Add the moments around the ledger's commits, the facilitator's answers, and the analysis."""
    note_all, begin, recovery = PaymentRepository.note_all, Ledger.begin, Ledger.recovery
    judge, built = LocalProvider.judge, LocalProvider.__post_init__
    verify, settle = HTTPFacilitatorClient.verify, HTTPFacilitatorClient.settle

    async def noted(self: Any, payment_id: str, at: Any, states: Sequence[str], *more: Any) -> None:
        await note_all(self, payment_id, at, states, *more)
        self.last = str(states[-1])

    @asynccontextmanager
    async def begun(self: Ledger) -> AsyncIterator[PaymentService]:
        async with begin(self) as payments:
            yield payments
            state = getattr(payments._payments, "last", None)
            moment(f"before `{state}` is committed")
        moment(f"after `{state}` is committed")

    @asynccontextmanager
    async def closed(self: Ledger) -> AsyncIterator[Recovery]:
        async with recovery(self) as books:
            yield books
            state = getattr(books._payments, "last", None)
            moment(f"before the reconciler commits `{state}`")
        moment(f"after the reconciler committed `{state}`")

    async def verified(self: Any, *given: Any) -> Any:
        moment("before the facilitator verifies")
        answer = await verify(self, *given)
        moment("after the facilitator verified")
        return answer

    async def settled(self: Any, *given: Any) -> Any:
        moment("before the facilitator settles")
        try:
            return await settle(self, *given)
        finally:
            moment("after the facilitator settled")

    async def judged(*given: Any, **named: Any) -> Any:
        moment("before the video is judged")
        return await judge(*given, **named)

    def during(name: str, doing: str) -> Any:
        work = getattr(Challenges, name)

        async def done(self: Challenges, *given: Any, **named: Any) -> Any:
            outcome = await work(self, *given, **named)
            moment(f"while the challenge is {doing}")
            return outcome

        return done

    def remembering(self: LocalProvider) -> None:
        built(self)
        if answers is not None:
            judge_once(self, answers)

    for owner, name, wrapped in (
        (Challenges, "claim", during("claim", "claimed")),
        (Challenges, "finish", during("finish", "finished")),
        (PaymentRepository, "note_all", noted),
        (Ledger, "begin", begun),
        (Ledger, "recovery", closed),
        (HTTPFacilitatorClient, "verify", verified),
        (HTTPFacilitatorClient, "settle", settled),
        (LocalProvider, "judge", judged),
        (LocalProvider, "__post_init__", remembering),
        (database, "BUSY_MILLISECONDS", 1_000),
    ):
        assert hasattr(owner, name)
        setattr(owner, name, wrapped)


def set_clock(skew: float) -> None:
    """Shift this process's clock by `skew` seconds."""
    right = time.time
    time.time = lambda: right() + skew
    opened = Ledger.__init__

    def skewed(self: Ledger, engine: Any, lease_seconds: float, now: Any = utc_now) -> None:
        opened(self, engine, lease_seconds, lambda: now() + timedelta(seconds=skew))

    Ledger.__init__ = skewed  # type: ignore[method-assign]


@dataclasses.dataclass(frozen=True)
class Wanted:
    """One line of input."""

    arguments: list[str]
    environment: dict[str, str]
    skew: float
    log: str
    armed: str
    answers: str


def run(wanted: Wanted) -> None:
    """Run the real command line in the child process."""
    global armed, answers
    armed, answers = Path(wanted.armed), Path(wanted.answers) if wanted.answers else None
    log = os.open(wanted.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ |= wanted.environment
    if wanted.skew:
        set_clock(wanted.skew)
    sys.argv = ["alive402", "serve", *wanted.arguments]
    main()


if __name__ == "__main__":
    assert alive402.http.server
    install()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run(Wanted(**json.loads(line)))
        print(f"pid {child}", flush=True)
        os.waitpid(child, 0)
        print("gone", flush=True)
