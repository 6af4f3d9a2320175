"""Decides about a clip that is not one continuous take of one person: a live stretch proves nothing about the others.

`spoof` when any stretch is an attack; else `inconclusive`, because an edited video does not show one capture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from alive402.liveness.decision import persons
from alive402.liveness.decision.fusion import Calibration, Decision, packaged
from alive402.liveness.decision.segments import Division, Stretch
from alive402.liveness.report import Reason

SCENE_CHANGES, PERSON_CHANGES, ATTACK_STRETCH = "scene_changes", "person_changes", "attack_stretch"
SURE_SECONDS, SURE_LOOKS = 1.0, 4
"""Least length in seconds and number of looks at which a stretch is judged like a whole clip."""
SHORT_BELOW = 0.5
"""A shorter stretch counts as an attack only below this share of the threshold, because few looks err more."""
TIMES_NAMED = 3


@dataclass(frozen=True, slots=True)
class Judged:
    """A stretch with its own decision, made from at least one look."""

    stretch: Stretch
    decision: Decision


def decide(
    division: Division,
    scenes: list[Judged],
    others: list[Judged],
    whole: Decision,
    calibration: Calibration | None = None,
) -> Decision:
    """Decide about the clip.

    Args:
        division: the clip's cuts and stretches.
        scenes: the judged scenes in time order, if the clip was cut.
        others: stretches of faces other than the judged one, if it was not cut.
        whole: the decision from all looks at the judged face, as if the clip were one take.
        calibration: gives the threshold; by default the packaged one.
    """
    threshold = (calibration or packaged()).threshold
    if not division.cut_times:
        attacks = [one for one in others if one.decision.live_confidence < SHORT_BELOW * threshold]
        return _refused(whole, attacks, others, None) if attacks and whole.verdict != "spoof" else whole
    change = _change(division, scenes)
    attacks = [one for one in scenes if _is_attack(one, threshold)]
    if attacks:
        return _refused(whole, attacks, scenes, change)
    least = min((one.decision for one in scenes), key=lambda one: one.live_confidence, default=whole)
    return replace(
        least,
        verdict="inconclusive",
        live_confidence=min(least.live_confidence, whole.live_confidence, threshold),
        attack_type=least.attack_type or "unknown",
        reasons=(change, *(reason for reason in least.reasons if reason.code != "too_close_to_call")),
    )


def _is_attack(one: Judged, threshold: float) -> bool:
    long = one.stretch.seconds >= SURE_SECONDS and len(one.stretch.samples) >= SURE_LOOKS
    if long:
        return one.decision.verdict == "spoof"
    return one.decision.live_confidence < SHORT_BELOW * threshold


def _refused(whole: Decision, attacks: list[Judged], judged: list[Judged], change: Reason | None) -> Decision:
    """Return the decision of the surest attack, with a live confidence no higher than that of any judged stretch.

    `change` is the reason that shows the clip as spliced, if any.
    """
    worst = min(attacks, key=lambda one: one.decision.live_confidence)
    stretch = worst.stretch
    named = Reason(
        ATTACK_STRETCH,
        f"From {stretch.begins:.1f} to {stretch.ends:.1f} s the clip shows an attack, whatever the rest of it shows.",
    )
    return replace(
        worst.decision,
        verdict="spoof",
        live_confidence=min(whole.live_confidence, *(one.decision.live_confidence for one in judged)),
        reasons=(named, *([change] if change else []), *worst.decision.reasons),
    )


def _change(division: Division, scenes: list[Judged]) -> Reason:
    """The break in the clip's continuity, as a reason."""
    named = ", ".join(f"{time:.1f}" for time in division.cut_times[:TIMES_NAMED])
    more = len(division.cut_times) - TIMES_NAMED
    when = f"{named} s" + (f" and {more} times more" if more > 0 else "")
    tracks = [one.stretch.track for one in scenes]
    if any(one and other and persons.differ(one, other) for one, other in pairwise(tracks)):
        return Reason(
            PERSON_CHANGES,
            f"The picture is cut at {when}, and the faces before and after differ. "
            "Film one person in one take, without a cut.",
        )
    return Reason(
        SCENE_CHANGES, f"The picture is cut at {when}: this is not one continuous take. Film again without a cut."
    )
