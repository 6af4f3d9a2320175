"""Tests of the fair queue and admission in any order of events: bounded, fair, and no place is lost."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alive402.calls import Admission
from alive402.intake import Busy
from alive402.providers.fair_queue import Places, waiting_as

PAYERS = st.sampled_from("abcd")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("come"), PAYERS),
        st.tuples(st.just("leave"), st.integers(0, 20)),
        st.tuples(st.just("go away"), st.integers(0, 20)),
        # In the same moment: a place is given, and whoever gets it goes away.
        st.tuples(st.just("leave and go away"), st.integers(0, 20)),
    ),
    max_size=60,
)


@dataclass(eq=False)
class Call:
    """One call; `passed` lists the payers served while it waited."""

    payer: str
    task: asyncio.Task[None] | None = None
    served: bool = False
    done: asyncio.Event = field(default_factory=asyncio.Event)
    passed: list[str] = field(default_factory=list)
    behind: int = 0

    async def work(self, places: Places, waiting: list[Call]) -> None:
        with waiting_as(self.payer):
            async with places.one():
                self.served = True
                if self in waiting:
                    waiting.remove(self)
                for other in waiting:
                    other.passed.append(self.payer)
                await self.done.wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def walk(capacity: int, steps: list[tuple[str, object]]) -> None:
    now, busy, waited = [0.0], 0.0, 0.0
    places, calls, waiting = Places(capacity, lambda: now[0]), list[Call](), list[Call]()
    for step, what in steps:
        now[0] += 1.0
        busy += sum(each.served for each in calls)
        waited += len(waiting)
        if step == "come":
            call = Call(str(what), behind=sum(each.payer == what for each in waiting))
            waiting.append(call)
            call.task = asyncio.create_task(call.work(places, waiting))
            calls.append(call)
        else:
            assert isinstance(what, int)
            inside = [each for each in calls if each.served]
            if "leave" in step and inside:
                gone = inside[what % len(inside)]
                gone.done.set()
                calls.remove(gone)
                if step == "leave and go away":
                    # Its place is given on, and nobody has heard of it yet.
                    await asyncio.sleep(0)
            if "go away" in step and waiting:
                gone = waiting[what % len(waiting)]
                waiting.remove(gone)
                calls.remove(gone)
                assert gone.task is not None
                gone.task.cancel()
                if step == "go away":
                    with contextlib.suppress(asyncio.CancelledError):
                        await gone.task
        await settle()
        inside = [each for each in calls if each.served]
        assert places.in_use == len(inside) <= capacity
        assert places.waiting == len(waiting)
        assert (places.busy_seconds, places.waiting_seconds) == (busy, waited)
        assert not waiting or len(inside) == capacity, "a place is free while somebody waits"
        for each in waiting:
            for payer in set(each.passed) - {each.payer}:
                assert each.passed.count(payer) <= each.behind + 1, "another payer was served twice in its turn"
    # Nobody starves: as places become free, all are served.
    while waiting:
        for each in [each for each in calls if each.served]:
            each.done.set()
            calls.remove(each)
        await settle()
    for each in calls:
        each.done.set()
    await asyncio.gather(*(each.task for each in calls if each.task))
    assert (places.in_use, places.waiting) == (0, 0)
    now[0] += 1.0
    assert (places.busy_seconds, places.waiting_seconds) == (busy, waited), "counted without any call"


@given(st.integers(1, 3), STEPS)
def test_places_are_granted_in_turn(capacity: int, steps: list[tuple[str, object]]) -> None:
    asyncio.run(walk(capacity, steps))


@given(st.integers(1, 3), st.integers(0, 8), st.lists(st.tuples(st.sampled_from(["come", "leave"]), PAYERS)))
def test_one_payer_cannot_fill_the_queue(capacity: int, queue: int, steps: list[tuple[str, str]]) -> None:
    now = [0.0]
    admission = Admission(Places(capacity), queue, lambda: now[0])
    inside: dict[str, list[object]] = {payer: [] for payer in "abcd"}
    for step, payer in steps:
        now[0] += 1000.0
        here = sum(map(len, inside.values()))
        if step == "come":
            others = here - len(inside[payer])
            fits = here < capacity + queue and (not others or len(inside[payer]) < capacity + queue // 2)
            if fits:
                ticket = admission.admit(payer)
                ticket.prove()
                inside[payer].append(ticket)
            else:
                with pytest.raises(Busy) as refused:
                    admission.admit(payer)
                assert refused.value.retry_after is not None
                assert refused.value.retry_after >= 1
        elif inside[payer]:
            ticket = inside[payer].pop()
            ticket.leave()  # type: ignore[attr-defined]
            ticket.leave()  # type: ignore[attr-defined]
        here = sum(map(len, inside.values()))
        assert (admission.in_use, admission.idle) == (here, here == 0)
        assert admission.have_room == (here < capacity + queue)


def test_refused_payer_is_admitted_on_retry() -> None:
    now = [0.0]
    admission = Admission(Places(1), 4, lambda: now[0])
    greedy = [admission.admit("greedy") for _ in range(5)]
    for ticket in greedy:
        ticket.prove()
    with pytest.raises(Busy) as refused:
        admission.admit("late")
    assert refused.value.retry_after == 25, "five calls of five seconds, one at a time"
    greedy.pop().leave()
    with pytest.raises(Busy):
        admission.admit("greedy")
    now[0] += refused.value.retry_after
    late = admission.admit("late")
    late.leave()
    # Nobody else wants it any more.
    admission.admit("greedy")


def test_unverified_payer_takes_no_payers_share() -> None:
    admission = Admission(Places(1), 4)
    for _ in range(3):
        admission.admit("0xvictim", "203.0.113.9")
    admission.admit("other", "203.0.113.8").prove()
    with pytest.raises(Busy):
        admission.admit("0xvictim", "203.0.113.9")
    assert admission.admit("0xvictim", "198.51.100.1")


def test_stop_refuses_new_calls_and_cancels_slow_ones() -> None:
    async def walk() -> None:
        admission = Admission(Places(1), 4)
        ticket, late = admission.admit("a"), admission.admit("b")
        began = asyncio.Event()

        async def work() -> None:
            async with ticket.at_work():
                began.set()
                await asyncio.Event().wait()

        working = asyncio.create_task(work())
        await began.wait()
        admission.stop(0.01)
        assert not admission.have_room
        with pytest.raises(Busy) as refused:
            admission.admit("a")
        assert refused.value.retry_after
        with pytest.raises(Busy):
            await working
        ticket.leave()
        with pytest.raises(Busy):
            async with late.at_work():
                await asyncio.Event().wait()
        late.leave()
        assert await admission.emptied(1)

    asyncio.run(walk())
