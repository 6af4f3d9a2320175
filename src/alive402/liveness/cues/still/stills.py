"""Detects stills: one picture shown throughout, or one picture bent so that it seems to talk.

`frozen`: between far-apart frames the whole face changes by nothing but noise once a smooth motion is undone, although
people blink, speak and turn within seconds (Pan et al. 2007, "Eyeblink-based anti-spoofing"; planarity and rigidity of
photo attacks: De Marsico et al. 2012, Tronci et al. 2011). The motion must be that of a picture too: the head keeps its
place in the surroundings, or moves far while it obeys one smooth map. Between those frames nobody blinks (`blinking`).

`puppet`: eyes and mouth move, and the rest of the face and the head's place do not change at all; in people the jaw,
the cheeks and the head move with speech (Yehia et al. 2002, "Linking facial animation, head motion and speech
acoustics"). Or face and outline do move, but one picture explains them, bent without an edge (`bending`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from alive402.liveness.cues.evidence import ramp, silent
from alive402.liveness.cues.still.bending import Window, excess
from alive402.liveness.cues.still.blinking import blink
from alive402.liveness.cues.still.following import LEAST_SURVIVAL, Following, Gray, Pair, follow
from alive402.liveness.cues.still.leftover import Face, Leftover
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from alive402.liveness.report import Cue

FROZEN, PUPPET = "frozen", "puppet"
UNIT = "times the change that the noise of the camera makes"
FROZEN_NORMAL, PUPPET_NORMAL = (1.0, 12.0), (0.8, 12.0)

DOUBTFUL = 0.4
"""Scores up to this value become 0: a person who holds still in a short clip scores a little too."""
LEAST_PAIRS = 5
"""Least number of the six compared frames in which the face must be found again."""

# Stills of every size, rate, noise and compression change by about the noise
# (`python -m benchmarks.conditions clips.csv --conditions attacks` makes and judges them). A few people change as
# little, but they move more against their surroundings than a still, or bend more of their motion.
CHANGE_NOTHING, CHANGE_CERTAIN = 2.2, 1.9
TOP_SHARE = 0.62
"""Factor on the 99th percentile of the change: for noise it is about 1 / 0.62 of the 95th. The larger of both
counts."""
APART_NOTHING, APART_CERTAIN = 0.0065, 0.005
BEND_NOTHING, BEND_CERTAIN = 0.04, 0.03
NO_CHANGE_NOTHING, NO_CHANGE_CERTAIN = 1.55, 1.4
NEAR_NOTHING, NEAR_CERTAIN = 0.012, 0.009
"""With so little change, noise may hide the head's place: the limits on its place and motion are relaxed."""
NO_BLINK, BLINK = 1.35, 1.45
"""Change around the eyes, through that of the rest of the face, which excludes a still."""
MOTION_NOTHING, MOTION_CERTAIN = 0.012, 0.018
"""rms motion of the face, in face widths, above which a bend can be distinguished from noise."""

# A face bent at mouth and eyes only leaves the rest at the noise, and the head in place, or moves it as a whole. People
# who speak and hold still move their heads a little more than that.
REST_NOTHING, REST_CERTAIN = 1.9, 1.6
NO_REST_NOTHING, NO_REST_CERTAIN = 1.3, 1.15
"""With so little change outside of eyes and mouth, a smooth motion is enough evidence: bona fide clips
change more."""
GLUED_NOTHING, GLUED_CERTAIN = 0.0023, 0.0018
SWAYS_NOTHING, SWAYS_CERTAIN = 0.012, 0.02

# One picture, bent, explains every frame: made photos that talk or have depth leave little more than a bent still
# leaves. The calmest bona fide clips leave more, also where light, sharpness or encoding is altered.
BENT_NOTHING, BENT_CERTAIN = 0.85, 0.75
OTHER_REFERENCES = 1, 5, 0, 6
"""Which of the seven compared frames are the reference too. A photo that is made to talk or to turn is found from one
frame and missed from another, by chance."""
SURE_NOTHING, SURE_CERTAIN = 0.8, 1.0
"""Strength of the evidence from such a frame below which it does not count, and from which it counts fully: five
frames have five chances of a false alarm."""
FAR_NOTHING, FAR_CERTAIN = 0.12, 0.1
"""rms motion of the face from such a frame, in face widths, from which it does not count, and up to which it counts
fully: over a longer way a living head is bent as far as it changes."""
SURE, LEAST_WIDTH = 0.7, 80.0
"""Least share of the face's points that must be found again, in every frame, and least width of the face in px."""


def still(clip: Clip, track: FaceTrack) -> tuple[Cue, Cue]:
    """`frozen` and `puppet`, measured on the same followed points. Negative scores: a still. Never positive.

    Frames are compared until neither score can be negative any more, so `value` is the change up to there.
    """
    watch = _Watch(CHANGE_NOTHING)
    followed = follow(clip, track, enough=watch.enough)
    if followed is None:
        why = "The face is too small or the clip too short to tell a still from life."
        return _silent(FROZEN, why), _silent(PUPPET, why)
    frozen = _doubted(_frozen(followed, watch.found))
    if frozen.score:
        frozen = _blinked(frozen, blink(clip, track, followed))
    puppet = _doubted(_puppet(followed, watch.found, bent=frozen.score != -1))
    if frozen.score != -1:
        puppet = _strongest(puppet, clip, track)
    # Both measure the same lack of motion, so it counts only once.
    if (frozen.score or 0.0) <= (puppet.score or 0.0):
        return frozen, replace(puppet, score=0.0)
    return replace(frozen, score=0.0), puppet


class _Watch:
    """Measures each pair of frames as it comes, until pairs exclude all kinds of stills.

    Args:
        changed: change in multiples of noise that excludes a frozen picture.
    """

    def __init__(self, changed: float) -> None:
        self.found: list[Leftover] = []
        self._changed = changed
        self._face: Face | None = None
        self._window: Window | None = None

    def hopeless(self, followed: Following, picture: Gray) -> bool:
        """Whether no bending of the reference explains a frame: the first one, for most people."""
        window = self._bending(followed)
        found = window.near(picture)
        return found is not None and window.excludes(found)

    def enough(self, followed: Following, pair: Pair) -> bool:
        """Whether this pair and those before it exclude all kinds of stills."""
        self._face = self._face or Face(followed)
        one = self._face.compare(pair)
        if one is not None:
            self.found.append(one)
        if not self.found or max(map(_most, self.found)) < self._changed:
            return False
        if max(one.rest for one in self.found) < REST_NOTHING:
            return False
        if followed.sides[0] < LEAST_WIDTH:
            return True
        found = self._bending(followed).at(pair)
        return found is None or self._bending(followed).excludes(found)

    def _bending(self, followed: Following) -> Window:
        self._window = self._window or Window(followed)
        return self._window


def _strongest(puppet: Cue, clip: Clip, track: FaceTrack) -> Cue:
    """The cue, or the one measured from another reference if that is stronger beyond doubt."""
    for at in OTHER_REFERENCES:
        if puppet.score == -1:
            break
        watch = _Watch(0.0)
        followed = follow(clip, track, at, watch.hopeless, watch.enough)
        if followed is not None:
            other = _puppet(followed, watch.found, bent=True)
            near = ramp(_way(watch.found), FAR_NOTHING, FAR_CERTAIN) if watch.found else 0.0
            score = 0.0 - min(near, ramp(-(other.score or 0.0), SURE_NOTHING, SURE_CERTAIN))
            if score < (puppet.score or 0.0):
                puppet = replace(other, score=score)
    return puppet


def _doubted(cue: Cue) -> Cue:
    """The cue with a weak score set to 0, because some people hardly move."""
    return replace(cue, score=0.0 - ramp(-(cue.score or 0.0), DOUBTFUL, 1.0))


def _silent(name: str, why: str) -> Cue:
    return silent(name, UNIT, FROZEN_NORMAL if name == FROZEN else PUPPET_NORMAL, why, "print_or_still")


def _frozen(followed: Following, found: list[Leftover]) -> Cue:
    if not _steady(followed, found):
        return _lively(FROZEN)
    change = max(map(_most, found))
    still_face = ramp(change, CHANGE_NOTHING, CHANGE_CERTAIN)
    smooth = _smooth(found)
    score = min(still_face, max(_glued(found, APART_NOTHING, APART_CERTAIN), min(smooth, _moves(found))))
    no_change = ramp(change, NO_CHANGE_NOTHING, NO_CHANGE_CERTAIN)
    score = max(score, min(no_change, max(_glued(found, NEAR_NOTHING, NEAR_CERTAIN), smooth)))
    message = (
        "Over the whole clip the face changes by no more than noise does: one still picture, moved or bent."
        if score >= 0.5
        else "The face hardly changes over the clip, nearly as a still picture."
        if score > 0
        else "The face changes as a living one does."
    )
    return Cue(FROZEN, 0.0 - score, 0.0, change, UNIT, FROZEN_NORMAL, message, "print_or_still")


def _blinked(frozen: Cue, eyes: float) -> Cue:
    """The cue, weaker by a blink in any look."""
    score = 0.0 - min(-(frozen.score or 0.0), 1 - ramp(eyes, NO_BLINK, BLINK))
    message = frozen.message if score else "The face hardly changes over the clip, but its eyes blink."
    return replace(frozen, score=score, message=message)


def _puppet(followed: Following, found: list[Leftover], bent: bool) -> Cue:
    if not _steady(followed, found):
        return _lively(PUPPET)
    rest = max(one.rest for one in found)
    smooth = _smooth(found)
    sways = min(smooth, ramp(float(np.median([one.upper for one in found])), SWAYS_NOTHING, SWAYS_CERTAIN))
    score = min(ramp(rest, REST_NOTHING, REST_CERTAIN), max(_glued(found, GLUED_NOTHING, GLUED_CERTAIN), sways))
    score = max(score, min(ramp(rest, NO_REST_NOTHING, NO_REST_CERTAIN), smooth, _moves(found)))
    stretched = _bent(followed, found) if bent and score < 1 else 0.0
    message = (
        "One picture, stretched without an edge, explains how face and outline move: a photo that is animated."
        if stretched >= 0.5
        else "Only the eyes and the mouth move; the rest of the face does not change at all: a photo made to talk."
        if score >= 0.5
        else "Hardly anything but the eyes and the mouth moves."
        if score > 0
        else "The whole face moves with the eyes and the mouth."
    )
    score = max(score, stretched)
    return Cue(PUPPET, 0.0 - score, 0.0, rest, UNIT, PUPPET_NORMAL, message, "injected_or_edited")


def _bent(followed: Following, found: list[Leftover]) -> float:
    """1 when one picture, bent in any smooth way, explains every frame."""
    all_found = len(found) == followed.compared >= LEAST_PAIRS and followed.survival >= SURE
    if not all_found or followed.sides[0] < LEAST_WIDTH:
        return 0.0
    return ramp(min(excess(followed), BENT_NOTHING), BENT_NOTHING, BENT_CERTAIN)


def _lively(name: str) -> Cue:
    normal = FROZEN_NORMAL if name == FROZEN else PUPPET_NORMAL
    return Cue(name, 0.0, 0.0, None, UNIT, normal, "The face turns and changes too much to be a still.", None)


def _steady(followed: Following, found: list[Leftover]) -> bool:
    """1 when nearly the whole face was found again in nearly all frames, as in a still."""
    return len(found) >= min(LEAST_PAIRS, followed.compared) and followed.survival >= LEAST_SURVIVAL


def _most(one: Leftover) -> float:
    """The change of the face in one pair of frames."""
    return max(one.most[0], TOP_SHARE * one.most[1])


def _glued(found: list[Leftover], nothing: float, certain: float) -> float:
    """1 when the head does not move relative to its surroundings."""
    return ramp(max(one.upper for one in found), nothing, certain)


def _smooth(found: list[Leftover]) -> float:
    """1 when one smooth map explains the face's motion."""
    return ramp(float(np.median([one.bend / max(one.motion, 1e-6) for one in found])), BEND_NOTHING, BEND_CERTAIN)


def _moves(found: list[Leftover]) -> float:
    return ramp(_way(found), MOTION_NOTHING, MOTION_CERTAIN)


def _way(found: list[Leftover]) -> float:
    """rms motion of the face over the pairs of frames, in face widths."""
    return float(np.sqrt(np.mean([one.motion**2 for one in found])))
