"""Finds a blink: for a few tenths of a second the eyes change, and the rest of the face does not.

A person who holds still blinks nevertheless, every few seconds (Pan et al. 2007, "Eyeblink-based anti-spoofing"). The
few far-apart frames that the cue `frozen` compares rarely hold a blink, so every look is compared with the reference.
"""

from __future__ import annotations

from alive402.liveness.cues.still.following import Following, paired
from alive402.liveness.cues.still.leftover import eyes_and_rest
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip

LEAST_KEPT = 8
"""Least number of the face's points that must be found again in a look."""


def blink(clip: Clip, track: FaceTrack, followed: Following) -> float:
    """The largest change around the eyes over all looks, through the same look's change outside of eyes and mouth.

    0 when no look could be compared. On stills about 1, and more in a blink.
    """
    pairs = (pair for pair in paired(clip, track, followed) if (pair.kept & followed.on_face).sum() >= LEAST_KEPT)
    return max((eyes / rest for eyes, rest in eyes_and_rest(followed, pairs) if rest > 0), default=0.0)
