"""Verifies the answer to a challenge: each movement in its window, none against it, in one continuous take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from alive402.liveness.challenge.continuity import LONGEST_PAUSE, Continuity, find_breaks, picture_jumps
from alive402.liveness.challenge.fitted import Limits, packaged
from alive402.liveness.challenge.movements import Movement, at_rest, find_movements
from alive402.liveness.challenge.signals import Signals, read
from alive402.liveness.challenge.steps import Challenge, Step
from alive402.liveness.curves import FreshnessCurves
from alive402.liveness.decision import fusion
from alive402.liveness.errors import ClipTooCoarse, ClipTooShort
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from alive402.liveness.report import Freshness, FreshnessStatus, FreshnessStep, StepStatus

EARLIEST, LATEST, DELAY_STEP = -0.3, 0.5, 0.05
"""Seconds: one delay in this range is allowed between the clock of the page and that of the whole clip."""
REACTION = 0.2
"""Seconds; nobody reacts to a prompt faster. A movement has begun at 0.3 of its height, which is later still."""
OTHER_TIMES = 2.0
"""Times the asked movement, both in thresholds, that another movement in the same window may have."""
LEAST_FPS = 8.0
"""Frames a second below which movements are missed."""
OPPOSITE = {
    "turn_left": "turn_right",
    "turn_right": "turn_left",
    "look_up": "look_down",
    "look_down": "look_up",
}
WORDS = {
    "turn_left": "turn left",
    "turn_right": "turn right",
    "look_up": "look up",
    "look_down": "look down",
    "open_mouth": "open the mouth",
}
Doubles = npt.NDArray[np.float64]
Found = tuple[StepStatus, Movement | None]


def judge(challenge: Challenge, clip: Clip, track: FaceTrack, cut_times: tuple[float, ...] = ()) -> Freshness:
    """Verify the answer of a followed face; `cut_times` are seconds at which the clip is known to be cut.

    Raises:
        ClipTooShort, ClipTooCoarse: as `check_clip`, for a strict challenge.
    """
    if challenge.strict:
        check_clip(challenge, clip.times)
    signals = read(track)
    return verify(challenge, signals, find_breaks(signals, (*cut_times, *picture_jumps(clip))))


def check_clip(challenge: Challenge, times: npt.NDArray[np.float64]) -> None:
    """Check that a clip can show the answer, whatever is in it; `times` are seconds of its frames.

    Raises:
        ClipTooShort: it ends before the last window does, where its clock runs early at most.
        ClipTooCoarse: under 8 frames a second, or pauses of the camera over 0.35 s in more than one window.
    """
    last = float(times[-1]) if len(times) else 0.0
    if last < challenge.steps[-1].ends + EARLIEST:
        raise ClipTooShort(seconds=round(last, 2), least_seconds=round(challenge.steps[-1].ends, 2))
    fps = (len(times) - 1) / max(last - float(times[0]), 1e-6)
    gaps = [(one, other) for one, other in pairwise(times.tolist()) if other - one > LONGEST_PAUSE]
    broken = sum(any(one < step.ends and other > step.at for one, other in gaps) for step in challenge.steps)
    if round(fps, 1) < LEAST_FPS or broken > 1:
        raise ClipTooCoarse(fps=round(fps, 1), least_fps=LEAST_FPS, steps_with_gaps=broken)


def verify(
    challenge: Challenge, signals: Signals, continuity: Continuity | None = None, limits: Limits | None = None
) -> Freshness:
    """Verify the answer that the curves of a face give.

    A step is done if its movement peaks in its window, begins at least 0.2 s after the prompt, and neither the opposite
    movement nor a much larger one peaks there. Where no rest was requested, only the peak has to be so late. One delay
    of -0.3 to 0.5 s holds for all steps. The answer is `unclear` rather than `not_answered` where the clip does not
    show enough: cut, a pause in a window, no rest, or mirrored.

    Args:
        challenge: what was asked.
        signals: the curves.
        continuity: the breaks of the clip; by default those of the curves.
        limits: the thresholds; by default the packaged ones.
    """
    limits, continuity = limits or packaged(), continuity or find_breaks(signals)
    movements = find_movements(signals, challenge.lead, limits)
    delay, found = _best(challenge, movements, continuity)
    statuses = [status for status, _ in found]
    status: FreshnessStatus
    if not all(one == "done" for one in statuses):
        mirrored = _best(challenge, find_movements(signals.mirrored(), challenge.lead, limits), continuity)[1]
        status, code, message = _not_done(challenge.steps, statuses, all(one == "done" for one, _ in mirrored))
    elif continuity.cuts:
        when = ", ".join(f"{time:.1f} s" for time in continuity.cuts[:3])
        status, code = "unclear", "clip_was_cut"
        message = f"The movements are there, but the clip was cut at {when}: it does not show one take."
    elif any(one.peak < challenge.lead for one in movements):
        status, code = "unclear", "challenge_unclear"
        message = "The person moved before the first step, so there is no rest that the movements can be measured from."
    else:
        status, code = "answered", "challenge_answered"
        message = f"All {len(found)} movements were made in the order and at the times that were asked."
    return Freshness(
        status=status,
        code=code,
        message=message,
        kind=challenge.kind,
        challenge_id=challenge.challenge_id,
        bits=challenge.bits,
        delay=delay,
        fitted=limits.fitted,
        steps=tuple(
            FreshnessStep(
                kind=step.kind,
                at=step.at,
                seconds=step.seconds,
                found_at=None if movement is None else movement.peak,
                value=None if movement is None else movement.value,
                unit=limits.movements[step.kind].unit,
                threshold=limits.movements[step.kind].threshold,
                status=one,
            )
            for step, (one, movement) in zip(challenge.steps, found, strict=True)
        ),
        curves=_curves(signals, challenge.lead),
        cuts=continuity.cuts,
    )


def capped(decision: fusion.Decision, freshness: Freshness, threshold: float) -> fusion.Decision:
    """The passive judge's decision with the challenge's reason; `live` without an answer becomes `inconclusive`."""
    if freshness.status == "answered" or decision.verdict != "live":
        return replace(decision, reasons=(*decision.reasons, freshness.reason))
    return replace(
        decision,
        verdict="inconclusive",
        live_confidence=min(decision.live_confidence, threshold),
        attack_type="unknown",
        reasons=(freshness.reason, *decision.reasons),
    )


def _curves(signals: Signals, lead: float) -> FreshnessCurves:
    """The curves for the report, over the rest that movements are measured from."""
    resting = at_rest(signals.times, lead)

    def over_rest(curve: Doubles) -> tuple[float, ...]:
        return tuple((curve - np.median(curve[resting])).tolist()) if len(curve) else ()

    return FreshnessCurves(
        tuple(signals.times.tolist()), over_rest(signals.yaw), over_rest(signals.pitch), over_rest(signals.mouth)
    )


def _best(
    challenge: Challenge, movements: Sequence[Movement], continuity: Continuity
) -> tuple[float, tuple[Found, ...]]:
    """The delay at which most steps are done, the smallest of several; and each step's status and movement."""
    delays = np.arange(EARLIEST, LATEST + 1e-6, DELAY_STEP).round(2).tolist()
    asked = challenge.lead > 0
    tried = [
        (delay, tuple(_look(step, delay, movements, continuity, asked) for step in challenge.steps)) for delay in delays
    ]
    return max(tried, key=lambda one: (sum(status == "done" for status, _ in one[1]), -abs(one[0])))


def _look(step: Step, delay: float, movements: Sequence[Movement], continuity: Continuity, asked_for: bool) -> Found:
    """Whether the step was done if the clip's clock runs late by `delay`; a movement that began before is no answer."""
    begins, ends = step.at + delay + REACTION, step.ends + delay
    inside = [one for one in movements if begins <= one.peak <= ends]
    fitting = [one for one in inside if one.kind == step.kind and (one.onset >= begins or not asked_for)]
    asked = max(fitting, key=lambda one: one.size, default=None)
    others = [one for one in inside if one.kind != step.kind]
    if any(one.kind == OPPOSITE.get(step.kind) for one in others):
        return "contradicted", asked
    if asked is None:
        return ("contradicted" if others else "unseen" if continuity.unseen(begins, ends) else "missed"), None
    if any(one.size > OTHER_TIMES * asked.size for one in others):
        return "contradicted", asked
    return "done", asked


def _not_done(
    steps: Sequence[Step], statuses: Sequence[StepStatus], mirrored: bool
) -> tuple[FreshnessStatus, str, str]:
    """Status, code and sentence where not every step was done."""
    if mirrored:
        return (
            "unclear",
            "challenge_unclear",
            "The movements fit if the picture is mirrored. Send the file as the camera films it, not as a mirror.",
        )
    wrong = [(place, step) for place, step in enumerate(steps) if statuses[place] in ("missed", "contradicted")]
    if wrong:
        place, step = wrong[0]
        what = "was not made in its time" if statuses[place] == "missed" else "was met by another movement"
        more = f" {len(wrong)} of {len(steps)} steps failed." if len(wrong) > 1 else ""
        message = f"Step {place + 1}, {WORDS[step.kind]} at {step.at:.1f} s, {what}.{more}"
        return "not_answered", "challenge_not_answered", message
    place = statuses.index("unseen")
    return (
        "unclear",
        "challenge_unclear",
        f"The face was not seen all the time when step {place + 1}, {WORDS[steps[place].kind]}, was due: "
        "frames are missing, or the clip ends before.",
    )
