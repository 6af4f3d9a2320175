"""Model test of challenges: any order of payers, pages, calls, deaths and clocks, on both databases."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from alive402.challenges import (
    ChallengeLimits,
    ChallengeRefused,
    Challenges,
    ChallengeState,
    TooManyChallenges,
    challenge_counts,
)
from alive402.liveness import ChallengeOptions
from alive402.payments.ledger import Ledger
from tests.conftest import EXAMPLES
from tests.ledgers import MakeDatabase

START = datetime(2026, 1, 1, tzinfo=UTC)
LEASE = 30
LIMITS = ChallengeLimits(open=4, unanswered=3)
WHOSE = st.tuples(st.sampled_from(["ann", "bob"]), st.sampled_from([None, "session"]))


@dataclass
class Model:
    """What a challenge should be, as the test remembers it."""

    payer: str
    bind: str | None
    issued_at: datetime
    begun_at: datetime | None = None
    answer_by: datetime | None = None
    filmed: bool = False
    call: str | None = None
    lease_until: datetime | None = None
    final: bool = False
    answered: bool | None = None

    def taken(self, now: datetime) -> bool:
        return self.call is not None and (self.lease_until is None or self.lease_until > now)

    def state(self, now: datetime) -> ChallengeState:
        if self.taken(now):
            return ChallengeState.USED
        if self.filmed:
            return ChallengeState.FILMED
        if now > (self.answer_by or self.issued_at + LIMITS.begin):
            return ChallengeState.EXPIRED
        return ChallengeState.BEGUN if self.begun_at else ChallengeState.ISSUED


class Stories(RuleBasedStateMachine):
    """Payers make challenges, pages begin and film them, calls use them and die."""

    make_database: MakeDatabase

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.now = START
        self.models: dict[str, Model] = {}
        self.calls = 0
        self.ledger = self.runner.run(Ledger.open(type(self).make_database(), LEASE))
        self.challenges = Challenges(self.ledger, LIMITS, now=lambda: self.now)

    def teardown(self) -> None:
        self.runner.run(self.ledger.close())
        self.runner.close()

    def one(self, data: st.DataObject) -> tuple[str, Model]:
        """Mostly the newest challenge."""
        name = data.draw(st.sampled_from(list(self.models)[-3:]))
        return name, self.models[name]

    @rule(whose=WHOSE, begin=st.booleans())
    def a_payer_comes(self, whose: tuple[str, str | None], begin: bool) -> None:
        payer, bind = whose
        theirs = [each for each in self.models.values() if each.payer == payer]
        still_open = [
            each for each in theirs
            if each.call is None and self.now <= (each.answer_by or each.issued_at + LIMITS.begin)
        ]  # fmt: skip
        unanswered = [
            each for each in theirs
            if each.bind == bind and each.issued_at > self.now - LIMITS.window
            and ((each.call is None and each.answered is None) or each.answered is False)
        ]  # fmt: skip
        full = len(still_open) >= LIMITS.open or len(unanswered) >= LIMITS.unanswered
        try:
            row = self.runner.run(self.challenges.create(payer, ChallengeOptions(), bind, begin=begin))
        except TooManyChallenges as error:
            wait = error.retry_after
            assert full
            assert wait is not None
            assert 0 < wait <= 700
        else:
            assert not full
            self.models[row.id] = Model(payer, bind, self.now, row.begun_at, row.answer_by)

    @precondition(lambda self: self.models)
    @rule(data=st.data())
    def a_page_begins(self, data: st.DataObject) -> None:
        name, model = self.one(data)
        may = model.begun_at is None and self.now <= model.issued_at + LIMITS.begin
        try:
            row = self.runner.run(self.challenges.begin(name))
        except ChallengeRefused:
            assert not may
        else:
            assert may
            assert row.answer_by is not None
            assert timedelta(seconds=50) < row.answer_by - self.now < timedelta(seconds=90)
            model.begun_at, model.answer_by = self.now, row.answer_by

    @precondition(lambda self: self.models)
    @rule(data=st.data())
    def a_clip_comes(self, data: st.DataObject) -> None:
        name, model = self.one(data)
        may = model.state(self.now) is ChallengeState.BEGUN
        try:
            self.runner.run(self.challenges.filmed(name, "upload", self.now))
        except ChallengeRefused:
            assert not may
        else:
            assert may
            model.filmed = True

    @precondition(lambda self: self.models)
    @rule(data=st.data(), whose=st.one_of(st.none(), WHOSE), ago=st.sampled_from([0, 0, 1, 60, 200]))
    def a_call_comes(self, data: st.DataObject, whose: tuple[str, str | None] | None, ago: int) -> None:
        name, model = self.one(data)
        payer, bind = whose or (model.payer, model.bind)
        self.calls += 1
        call, arrived = f"call {self.calls}", self.now - timedelta(seconds=ago)
        theirs = (payer, bind) == (model.payer, model.bind)
        in_time = model.begun_at and model.answer_by and model.begun_at <= arrived <= model.answer_by
        may = theirs and not model.taken(self.now) and in_time

        async def claim() -> None:
            async with self.ledger.session() as session:
                claimed = await self.challenges.claim(session, name, payer, bind, call, received_at=arrived)
                assert claimed.answer_by == model.answer_by

        try:
            self.runner.run(claim())
        except ChallengeRefused as error:
            code, details = error.code, error.details
            assert not may
            assert theirs or code == "challenge_unknown"
            assert details in ({}, {"requestId": model.call})
        else:
            assert may
            model.call, model.lease_until = call, self.now + timedelta(seconds=LEASE)

    @precondition(lambda self: self.models)
    @rule(data=st.data(), how=st.sampled_from(["release", "answered", "not answered"]), late=st.booleans())
    def a_call_ends(self, data: st.DataObject, how: str, late: bool) -> None:
        name, model = self.one(data)
        call = "call of a dead process" if late or model.call is None else model.call

        async def end() -> None:
            async with self.ledger.session() as session:
                if how == "release":
                    await self.challenges.release(session, name, call)
                else:
                    await self.challenges.finish(session, name, call, answered=how == "answered")

        self.runner.run(end())
        if call == model.call and not model.final:
            model.call, model.lease_until = (None if how == "release" else call), None
            model.final = how != "release"
            model.answered = None if how == "release" else how == "answered"

    @rule(seconds=st.sampled_from([1, 10, LEASE + 1, 80, 601]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def counts_are_those_of_the_model(self) -> None:
        async def counts() -> dict[ChallengeState, int]:
            async with self.ledger.reading() as session:
                return await challenge_counts(session, self.now)

        expected = Counter(model.state(self.now) for model in self.models.values())
        assert self.runner.run(counts()) == {state: expected[state] for state in ChallengeState}

    @invariant()
    def the_table_is_as_the_model(self) -> None:
        for name, model in self.models.items():
            row = self.runner.run(self.challenges.find(name))
            assert row.state(self.now) is model.state(self.now)
            assert (row.request_id, row.begun_at, row.answer_by) == (model.call, model.begun_at, model.answer_by)
            if model.final:
                assert row.state(self.now + timedelta(days=1)) is ChallengeState.USED


def test_challenges_are_as_the_model_in_any_order(make_database: MakeDatabase, ledger_kind: str) -> None:
    Stories.make_database = staticmethod(make_database)  # type: ignore[method-assign]
    run_state_machine_as_test(
        Stories,
        settings=settings(
            max_examples=EXAMPLES // (2 if ledger_kind == "sqlite" else 4),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
