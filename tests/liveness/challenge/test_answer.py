"""Tests of verifying an answer: right answers pass; wrong, late, mirrored, cut and spliced ones do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alive402.liveness.challenge import Signals, Step, capped, check_clip, find_breaks, verify
from alive402.liveness.decision import fusion
from alive402.liveness.errors import ClipTooCoarse, ClipTooShort
from alive402.liveness.report import Reason
from tests.liveness.challenge.people import Person, answer, challenge, joined, moved

seeds = st.integers(0, 2**32)
people = st.builds(
    Person,
    reaction=st.floats(0.7, 1.6),
    lasts=st.floats(0.8, 1.4),
    size=st.floats(1.4, 3.5),
    fps=st.floats(7.5, 30.0),
    delay=st.floats(-0.25, 0.3),
).filter(lambda person: person.reaction - person.lasts / 2 >= 0.1)
"""People who begin after the prompt."""


@given(seed=seeds, person=people)
@settings(max_examples=150)
def test_right_answers_pass(seed: int, person: Person) -> None:
    asked = challenge(seed)
    given_by = answer(asked.steps, asked.seconds, np.random.default_rng(seed), person)
    freshness = verify(asked, given_by)
    assert (freshness.status, freshness.code) == ("answered", "challenge_answered"), freshness
    assert all(step.value is not None and step.value >= step.threshold for step in freshness.steps)
    assert freshness.to_dict()["fitted"] is False


@given(seed=seeds, person=people, places=st.permutations(range(5)))
def test_another_order_does_not_pass(seed: int, person: Person, places: list[int]) -> None:
    asked = challenge(seed)
    done = tuple(replace(step, kind=asked.steps[place].kind) for step, place in zip(asked.steps, places, strict=True))
    assume(done != asked.steps)
    freshness = verify(asked, answer(done, asked.seconds, np.random.default_rng(seed), person))
    assert freshness.status != "answered"


@given(seed=seeds, late=st.floats(2.6, 20.0))
def test_late_answers_do_not_pass(seed: int, late: float) -> None:
    asked = challenge(seed)
    steps = [replace(step, at=step.at + late) for step in asked.steps]
    freshness = verify(asked, answer(steps, asked.seconds + late, np.random.default_rng(seed), Person(delay=0.2)))
    assert freshness.status != "answered"


@given(seed=seeds)
def test_movements_that_begin_before_their_prompt_do_not_pass(seed: int) -> None:
    """Their peaks are late enough for a clock that runs 0.3 s early, but nobody knows what will be asked."""
    asked = challenge(seed)
    early = answer(asked.steps, asked.seconds, np.random.default_rng(seed), Person(reaction=0.1, lasts=1.2))
    assert verify(asked, early).status == "not_answered"
    unasked = replace(asked, lead=0.0)
    assert verify(unasked, early).status == "answered"


@given(seed=seeds, place=st.integers(1, 4), person=st.builds(Person, lasts=st.floats(1.0, 1.4)))
def test_an_answer_that_lacks_a_second_does_not_pass(seed: int, place: int, person: Person) -> None:
    asked = challenge(seed)
    whole = answer(asked.steps, asked.seconds + 1.0, np.random.default_rng(seed), person)
    at = asked.steps[place].at
    kept = chosen(whole, (whole.times < at - 0.7) | (whole.times >= at + 0.3))
    times = np.where(kept.times < at - 0.7, kept.times, kept.times - 1.0)
    assert verify(asked, replace(kept, times=times)).status != "answered"


@given(seed=seeds, other=seeds)
def test_the_answer_to_another_challenge_does_not_pass(seed: int, other: int) -> None:
    asked, told = challenge(seed), challenge(other)
    assume([step.kind for step in asked.steps] != [step.kind for step in told.steps])
    seconds = max(asked.seconds, told.seconds)
    assert verify(asked, answer(told.steps, seconds, np.random.default_rng(seed))).status != "answered"


@given(seed=seeds)
def test_mirrored_answers_are_unclear(seed: int) -> None:
    asked = challenge(seed)
    assume(any(step.kind in ("turn_left", "turn_right") for step in asked.steps))
    freshness = verify(asked, answer(asked.steps, asked.seconds, np.random.default_rng(seed)).mirrored())
    assert freshness.status == "unclear"
    assert "mirrored" in freshness.message


@given(seed=seeds, share=st.floats(0.1, 0.8))
def test_answers_that_end_early_do_not_pass(seed: int, share: float) -> None:
    asked = challenge(seed)
    whole = answer(asked.steps, asked.seconds, np.random.default_rng(seed))
    freshness = verify(asked, between(whole, 0.0, share * asked.seconds))
    assert freshness.status == "unclear"
    assert "clip ends before" in freshness.message


@given(seed=seeds, place=st.integers(0, 4))
def test_a_step_without_frames_is_unclear(seed: int, place: int) -> None:
    asked = challenge(seed)
    whole = answer(asked.steps, asked.seconds, np.random.default_rng(seed))
    step = asked.steps[place]
    seen = (whole.times < step.at + 0.3) | (whole.times > step.ends)
    freshness = verify(asked, chosen(whole, seen))
    assert freshness.status == "unclear"
    assert freshness.steps[place].status == "unseen"


@given(
    seed=seeds,
    cuts=st.lists(st.floats(0.25, 0.9), min_size=2, max_size=2),
    x=st.floats(0.7, 3.0),
    larger=st.floats(-0.3, 0.3),
)
def test_answers_spliced_from_three_takes_do_not_pass(seed: int, cuts: list[float], x: float, larger: float) -> None:
    asked, rng = challenge(seed), np.random.default_rng(seed)
    first, second = (share * asked.seconds for share in sorted(cuts))
    assume(second - first > 1.0)
    takes = [answer(asked.steps, asked.seconds, rng) for _ in range(3)]
    spliced = joined(joined(takes[0], moved(takes[1], x, larger), first), moved(takes[2], -x, -larger), second)
    freshness = verify(asked, spliced)
    assert (freshness.status, freshness.code) == ("unclear", "clip_was_cut")


@given(seed=seeds)
def test_a_face_that_keeps_still_does_not_pass(seed: int) -> None:
    asked = challenge(seed)
    freshness = verify(asked, answer((), asked.seconds, np.random.default_rng(seed)))
    assert freshness.status == "not_answered"
    assert {step.status for step in freshness.steps} == {"missed"}


@given(seed=seeds)
def test_a_face_that_makes_every_movement_all_the_time_does_not_pass(seed: int) -> None:
    asked = challenge(seed)
    kinds = ("turn_left", "look_up", "open_mouth", "turn_right", "look_down")
    all_the_time = [
        Step(kind, at, 2.0)  # type: ignore[arg-type]
        for at in np.arange(0.0, asked.seconds, 1.6).tolist()
        for kind in kinds
    ]
    shifted = [replace(step, at=step.at + 0.8 * (kinds.index(step.kind) > 2)) for step in all_the_time]
    person = Person(lasts=0.8, reaction=0.4)
    assert verify(asked, answer(shifted, asked.seconds, np.random.default_rng(seed), person)).status != "answered"


def test_a_movement_before_the_first_step_is_unclear() -> None:
    asked = challenge(1)
    early = Step("look_up", 0.0, 2.0)
    rng, person = np.random.default_rng(1), Person(reaction=0.6, lasts=0.8)
    added = answer([early, *(replace(step, at=step.at + 0.4) for step in asked.steps)], asked.seconds, rng, person)
    freshness = verify(asked, added)
    assert freshness.status == "unclear"
    assert "before the first step" in freshness.message


def test_no_face_is_unclear() -> None:
    asked = challenge(1)
    nothing = np.zeros(0)
    empty = Signals(nothing, nothing, nothing, nothing, nothing, np.zeros((0, 2)))
    assert verify(asked, empty).status == "unclear"


def test_cuts_of_the_clip_count() -> None:
    asked = challenge(1)
    whole = answer(asked.steps, asked.seconds, np.random.default_rng(1))
    freshness = verify(asked, whole, find_breaks(whole, (4.0,)))
    assert (freshness.status, freshness.code) == ("unclear", "clip_was_cut")
    assert "4.0 s" in freshness.message


@pytest.mark.parametrize(
    ("verdict", "answered", "capped_to"),
    [
        ("live", True, "live"),
        ("live", False, "inconclusive"),
        ("spoof", True, "spoof"),
        ("spoof", False, "spoof"),
        ("inconclusive", True, "inconclusive"),
    ],
)
def test_live_needs_the_answer_too(verdict: fusion.Verdict, answered: bool, capped_to: str) -> None:
    asked, rng = challenge(1), np.random.default_rng(1)
    freshness = verify(asked, answer(asked.steps if answered else (), asked.seconds, rng))
    alone = fusion.Decision(verdict, 0.9, None, (Reason("passive", "It looks so."),), (), {})
    both = capped(alone, freshness, 0.5)
    assert both.verdict == capped_to
    assert {reason.code for reason in both.reasons} == {"passive", freshness.code}
    if both.verdict != verdict:
        assert (both.live_confidence, both.reasons[0]) == (0.5, freshness.reason)


def between(signals: Signals, begins: float, ends: float) -> Signals:
    return chosen(signals, (signals.times >= begins) & (signals.times < ends))


def chosen(signals: Signals, kept: np.ndarray) -> Signals:
    return Signals(
        signals.times[kept],
        signals.yaw[kept],
        signals.pitch[kept],
        signals.mouth[kept],
        signals.size[kept],
        signals.centre[kept],
    )


def frames(seconds: float, fps: float, *gaps: tuple[float, float]) -> np.ndarray:
    """Seconds of the frames of a clip that lacks those within the gaps."""
    times = np.arange(0.0, seconds, 1.0 / fps)
    return times[[not any(begin < time < end for begin, end in gaps) for time in times]]


@given(seed=seeds, fps=st.floats(8.0, 60.0), person=people)
@settings(max_examples=50)
def test_whole_clip_can_show_the_answer(seed: int, fps: float, person: Person) -> None:
    asked = challenge(seed)
    check_clip(asked, frames(asked.seconds, fps))
    first = asked.steps[0]
    check_clip(asked, frames(asked.seconds, max(fps, 15.0), (first.at + 0.2, first.ends - 0.2)))


@given(seed=seeds, fps=st.floats(8.0, 60.0), share=st.floats(0.0, 0.9))
@settings(max_examples=50)
def test_clip_that_ends_before_the_last_step_is_refused(seed: int, fps: float, share: float) -> None:
    asked = challenge(seed)
    with pytest.raises(ClipTooShort) as refused:
        check_clip(asked, frames(share * (asked.steps[-1].ends - 0.5), fps))
    assert refused.value.status == 422
    assert refused.value.details["least_seconds"] == asked.steps[-1].ends


@given(seed=seeds, fps=st.floats(2.0, 7.8))
@settings(max_examples=50)
def test_clip_of_too_few_frames_is_refused(seed: int, fps: float) -> None:
    asked = challenge(seed)
    with pytest.raises(ClipTooCoarse):
        check_clip(asked, frames(asked.seconds + 1.0, fps))


@given(seed=seeds, places=st.sets(st.integers(0, 4), min_size=2))
@settings(max_examples=50)
def test_clip_with_gaps_in_two_steps_is_refused(seed: int, places: set[int]) -> None:
    asked = challenge(seed)
    gaps = [(asked.steps[place].at + 0.5, asked.steps[place].at + 1.1) for place in places]
    with pytest.raises(ClipTooCoarse) as refused:
        check_clip(asked, frames(asked.seconds, 30.0, *gaps))
    assert refused.value.details["steps_with_gaps"] == len(places)
