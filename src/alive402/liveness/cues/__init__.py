"""Physical cues, one file per cue or family of cues; each is a pure function of a clip and a face."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from alive402.liveness.cues.bezel import bezel
from alive402.liveness.cues.doubt import doubtful
from alive402.liveness.cues.drawn import drawn
from alive402.liveness.cues.flicker import flicker
from alive402.liveness.cues.moire import moire
from alive402.liveness.cues.overlay import overlay
from alive402.liveness.cues.planar import planar
from alive402.liveness.cues.pulse import pulse
from alive402.liveness.cues.repeats import repeats
from alive402.liveness.cues.still import still
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from alive402.liveness.report import Cue

SIDE_BY_SIDE = 2
ALL: tuple[Callable[[Clip, FaceTrack], Cue | tuple[Cue, ...]], ...] = (
    planar,
    still,
    drawn,
    overlay,
    bezel,
    moire,
    repeats,
    flicker,
    pulse,
)
"""Functions that each measure one cue, or several cues from the same data."""
OF_EVERY_FRAME: tuple[Callable[[Clip, FaceTrack], Cue], ...] = (repeats, flicker, pulse)
"""Those of them that use `clip.thumbs`, and so every frame of the clip, if every frame was decoded."""
NAMES = ("planar", "frozen", "puppet", "drawn", "overlay", "bezel", "moire", "repeats", "flicker", "pulse")
"""The names of all cues that `ALL` gives, in this order. A calibration has a weight for each."""


def measure(
    clip: Clip, track: FaceTrack, some: Sequence[Callable[[Clip, FaceTrack], Cue | tuple[Cue, ...]]] | None = None
) -> dict[str, Cue]:
    """Measure every cue, or `some`, by name. Two run in parallel: most of their time is spent outside Python."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        measured = list(pool.map(lambda one: one(clip, track), ALL if some is None else some))
    cues = [cue for one in measured for cue in (one if isinstance(one, tuple) else (one,))]
    return {cue.name: cue for cue in cues}


__all__ = [
    "ALL",
    "NAMES",
    "OF_EVERY_FRAME",
    "bezel",
    "doubtful",
    "drawn",
    "flicker",
    "measure",
    "moire",
    "overlay",
    "planar",
    "pulse",
    "repeats",
    "still",
]
