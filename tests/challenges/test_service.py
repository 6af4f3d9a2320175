"""Tests of challenges over the table: begun once, one clip in time, one call; any order, both databases."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from alive402.challenges import (
    ChallengeBegun,
    ChallengeExpired,
    ChallengeNotBegun,
    ChallengeState,
    ChallengeUnknown,
    ChallengeUsed,
    ClaimedChallenge,
    TooManyChallenges,
)
from alive402.liveness import Challenge, ChallengeOptions
from tests.challenges.shop import ANY, START, Shop, at_once, in_a_shop


def test_challenge_is_begun_once_and_until_then_drawn_from_what_is_stored(database_url: str) -> None:
    async def story(shop: Shop) -> None:
        made = await shop.challenges.create("payer", ChallengeOptions(6, ("look_up",), "slow"), "session 1")
        assert (made.begun_at, made.answer_by, made.expires_at) == (None, None, START + timedelta(minutes=10))
        assert len(made.id) == 43
        begun_at = shop.later(30)
        begun = await shop.challenges.begin(made.id)
        asked = begun.drawn()
        assert begun.begun_at == begun_at
        assert begun.answer_by == begun_at + timedelta(seconds=asked.seconds + 45)
        assert asked == (await shop.challenges.find(made.id)).drawn()
        assert {step.seconds for step in asked.steps} == {4.0}
        assert "look_up" not in {step.kind for step in asked.steps}
        with pytest.raises(ChallengeBegun):
            await shop.challenges.begin(made.id)
        assert (await shop.begun()).drawn().steps != (await shop.begun()).drawn().steps

    in_a_shop(database_url, story)


def test_challenge_that_is_not_begun_in_time_expires(database_url: str) -> None:
    async def story(shop: Shop) -> None:
        made = await shop.challenges.create("payer", ANY)
        shop.later(601)
        with pytest.raises(ChallengeExpired):
            await shop.challenges.begin(made.id)
        assert await shop.state(made.id) is ChallengeState.EXPIRED
        with pytest.raises(ChallengeExpired):
            await shop.claim(made.id, "call")

    in_a_shop(database_url, story)


@pytest.mark.parametrize(
    "wrong", ["", "x", "a" * 42, "a" * 43, "ä" * 43, "\0" * 43, "\ud800" * 43, "'" * 43, "a" * 9999]
)
def test_an_id_that_was_not_made_here_is_unknown(database_url: str, wrong: str) -> None:
    async def story(shop: Shop) -> None:
        for reads in (shop.challenges.find, shop.challenges.begin, shop.challenges.awaiting_clip):
            with pytest.raises(ChallengeUnknown):
                await reads(wrong)
        with pytest.raises(ChallengeUnknown):
            await shop.challenges.filmed(wrong, "upload", shop.now)
        with pytest.raises(ChallengeUnknown):
            await shop.claim(wrong, "call")

    in_a_shop(database_url, story)


def test_one_clip_is_taken_between_begin_and_deadline(database_url: str) -> None:
    async def story(shop: Shop) -> None:
        early = await shop.challenges.create("payer", ANY)
        with pytest.raises(ChallengeNotBegun):
            await shop.challenges.filmed(early.id, "upload", shop.now)
        made, late = await shop.begun(), await shop.begun()
        shop.later(5)
        await shop.challenges.filmed(made.id, "upload", shop.now)
        with pytest.raises(ChallengeUsed, match="its clip already"):
            await shop.challenges.filmed(made.id, "another", shop.now)
        assert late.answer_by is not None
        with pytest.raises(ChallengeExpired):
            await shop.challenges.filmed(late.id, "upload", late.answer_by + timedelta(seconds=0.01))
        await shop.challenges.filmed(late.id, "upload", late.answer_by)
        filmed = await shop.challenges.find(made.id)
        assert (filmed.upload_id, filmed.received_at) == ("upload", START + timedelta(seconds=5))
        shop.later(10_000)
        assert await shop.state(made.id) is ChallengeState.FILMED

    in_a_shop(database_url, story)


def test_claim_needs_its_payer_and_bind_and_has_what_a_receipt_signs(database_url: str) -> None:
    async def story(shop: Shop) -> None:
        made = await shop.begun("payer", "session 1")
        for payer, bind in (("another", "session 1"), ("payer", "session 2"), ("payer", None)):
            with pytest.raises(ChallengeUnknown):
                await shop.claim(made.id, "call", payer, bind)
        unbound = await shop.begun()
        with pytest.raises(ChallengeUnknown):
            await shop.claim(unbound.id, "call", bind="session 1")
        claimed = await shop.claim(made.id, "call", bind="session 1")
        steps = json.dumps(claimed.challenge.to_dict()["steps"], sort_keys=True, separators=(",", ":"))
        assert claimed.steps_sha256 == hashlib.sha256(steps.encode()).hexdigest()
        assert claimed.bind_sha256 == hashlib.sha256(b"session 1").hexdigest()
        assert (claimed.begun_at, claimed.answer_by, claimed.nonce) == (made.begun_at, made.answer_by, made.nonce)
        assert claimed.challenge == Challenge.new(made.id, made.seed, ANY)

    in_a_shop(database_url, story)


def test_clip_that_came_before_the_steps_or_after_the_deadline_is_refused(database_url: str) -> None:
    async def story(shop: Shop) -> None:
        made = await shop.begun()
        assert made.answer_by is not None

        async def claim(received_at: datetime | None) -> ClaimedChallenge:
            async with shop.ledger.session() as session:
                return await shop.challenges.claim(session, made.id, "payer", None, "call", received_at=received_at)

        with pytest.raises(ChallengeNotBegun):
            await claim(START - timedelta(seconds=1))
        shop.later(120)
        with pytest.raises(ChallengeExpired):
            await claim(None)
        with pytest.raises(ChallengeExpired):
            await claim(shop.now)
        claimed = await claim(made.answer_by)
        with pytest.raises(ChallengeExpired):
            claimed.check_in_time(made.answer_by + timedelta(seconds=1))

    in_a_shop(database_url, story)


def test_claim_ends_with_its_release_or_its_lease(database_url: str) -> None:
    async def story(shop: Shop) -> None:
        made = await shop.begun()
        await shop.claim(made.id, "first")
        await shop.claim(made.id, "first")
        with pytest.raises(ChallengeUsed) as refused:
            await shop.claim(made.id, "second")
        assert refused.value.details == {"requestId": "first"}
        await shop.release(made.id, "second")
        assert await shop.state(made.id) is ChallengeState.USED
        await shop.release(made.id, "first")
        assert await shop.state(made.id) is ChallengeState.BEGUN
        await shop.claim(made.id, "second")
        shop.later(29)
        with pytest.raises(ChallengeUsed):
            await shop.claim(made.id, "third")
        shop.later(2)
        # The process of the second call died; what it still does changes nothing.
        await shop.claim(made.id, "third")
        await shop.finish(made.id, "second", answered=True)
        await shop.finish(made.id, "third", answered=True)
        shop.later(31)
        with pytest.raises(ChallengeUsed):
            await shop.claim(made.id, "fourth")

    in_a_shop(database_url, story)


def test_claim_that_used_the_challenge_up_is_not_given_up(database_url: str) -> None:
    async def story(shop: Shop) -> None:
        made = await shop.begun()
        await shop.claim(made.id, "call")
        await shop.finish(made.id, "call", answered=True)
        # A job that is cancelled while its answer is settled ends its claim once more.
        await shop.release(made.id, "call")
        await shop.finish(made.id, "call", answered=False)
        row = await shop.challenges.find(made.id)
        assert (row.state(shop.now), row.request_id, row.answered) == (ChallengeState.USED, "call", True)
        for again in ("call", "another"):
            with pytest.raises(ChallengeUsed) as used:
                await shop.claim(made.id, again)
            assert used.value.retry_after is None

    in_a_shop(database_url, story)


def test_call_claims_in_the_place_of_a_dead_one(database_url: str) -> None:
    async def story(shop: Shop) -> None:
        made = await shop.begun()
        await shop.claim(made.id, "dead")
        with pytest.raises(ChallengeUsed) as waits:
            await shop.claim(made.id, "call", instead_of="another")
        assert waits.value.retry_after
        await shop.claim(made.id, "call", instead_of="dead")
        assert (await shop.challenges.find(made.id)).request_id == "call"
        # A call that ended used it up, although the one after it works with the same payment.
        await shop.finish(made.id, "call", answered=False)
        with pytest.raises(ChallengeUsed) as used:
            await shop.claim(made.id, "next", instead_of="call")
        assert used.value.retry_after is None

    in_a_shop(database_url, story)


def test_lease_of_a_claim_is_renewed_while_its_task_runs(database_url: str) -> None:
    async def story(shop: Shop) -> None:
        made = await shop.begun()
        await shop.claim(made.id, "call")
        shop.challenges.keep(made.id, "call")
        shop.later(29)
        await shop.ledger.renew()
        assert (await shop.challenges.find(made.id)).lease_until == shop.now + timedelta(seconds=30)
        await shop.finish(made.id, "call", answered=False)
        await shop.ledger.renew()
        assert (await shop.challenges.find(made.id)).lease_until is None
        assert shop.ledger.leases.alive() == []

    in_a_shop(database_url, story)


def test_a_claim_that_rolls_back_uses_nothing_up(database_url: str) -> None:
    async def story(shop: Shop) -> None:
        made = await shop.begun()

        async def failing() -> None:
            async with shop.ledger.session() as session:
                await shop.challenges.claim(session, made.id, "payer", None, "call")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await failing()
        assert await shop.state(made.id) is ChallengeState.BEGUN
        await shop.claim(made.id, "another")

    in_a_shop(database_url, story)


def test_open_challenges_of_a_payer_are_limited(database_url: str) -> None:
    async def story(shop: Shop) -> None:
        made = []
        for number in range(20):
            made.append(await shop.challenges.create("payer", ANY, f"session {number}"))
            shop.later(1)
        with pytest.raises(TooManyChallenges) as refused:
            await shop.challenges.create("payer", ANY, "one more")
        assert (refused.value.retry_after, refused.value.details) == (580, {"reason": "open"})
        await shop.challenges.create("another payer", ANY, "one more")
        await shop.challenges.begin(made[0].id)
        await shop.claim(made[0].id, "call", bind="session 0")
        await shop.challenges.create("payer", ANY, "one more")
        shop.later(700)
        await shop.challenges.create("payer", ANY, "one more")

    in_a_shop(database_url, story)


def test_unanswered_challenges_of_a_payer_and_bind_are_limited(database_url: str) -> None:
    async def story(shop: Shop) -> None:
        for number in range(6):
            made = await shop.begun(bind="right")
            await shop.claim(made.id, f"right {number}", bind="right")
            await shop.finish(made.id, f"right {number}", answered=True)
        for number in range(5):
            made = await shop.begun(bind="wrong")
            await shop.claim(made.id, f"wrong {number}", bind="wrong")
            await shop.finish(made.id, f"wrong {number}", answered=False)
            shop.later(60)
        with pytest.raises(TooManyChallenges) as refused:
            await shop.begun(bind="wrong")
        assert (refused.value.retry_after, refused.value.details) == (300, {"reason": "unanswered"})
        await shop.begun(bind="another")
        await shop.begun()
        shop.later(300)
        await shop.begun(bind="wrong")
        with pytest.raises(TooManyChallenges):
            await shop.begun(bind="wrong")

    in_a_shop(database_url, story)


def test_neither_steps_nor_payer_nor_bind_are_stored(database_url: str) -> None:
    async def story(shop: Shop) -> str:
        await shop.begun("0xPayerAddress", "session of Ada")
        async with shop.ledger.reading() as session:
            return str((await session.execute(text("SELECT * FROM challenges"))).mappings().one())

    stored = in_a_shop(database_url, story)
    for secret in ("0xPayerAddress", "Ada", "turn_left", "turn_right", "look_up", "look_down", "open_mouth"):
        assert secret not in stored


def test_of_two_services_that_race_one_begins_and_one_claims(database_url: str) -> None:
    made = in_a_shop(database_url, lambda shop: shop.challenges.create("payer", ANY))
    begun = at_once(database_url, 2, lambda shop, _: shop.challenges.begin(made.id))
    assert sorted(type(each).__name__ for each in begun) == ["ChallengeBegun", "ChallengeRow"]
    filmed = at_once(database_url, 2, lambda shop, each: shop.challenges.filmed(made.id, f"upload {each}", shop.now))
    assert sorted(type(each).__name__ for each in filmed) == ["ChallengeRow", "ChallengeUsed"]
    claimed = at_once(database_url, 2, lambda shop, each: shop.claim(made.id, f"call {each}"))
    assert sorted(type(each).__name__ for each in claimed) == ["ChallengeUsed", "ClaimedChallenge"]


def test_limits_hold_when_many_come_at_once(database_url: str) -> None:
    async def four(shop: Shop, _: int) -> list[object]:
        return [*await asyncio.gather(*[shop.begun() for _ in range(3)], return_exceptions=True)]

    came = [each for some in at_once(database_url, 3, four) for each in some]  # type: ignore[attr-defined]
    assert sorted(type(each).__name__ for each in came) == ["ChallengeRow"] * 5 + ["TooManyChallenges"] * 4
