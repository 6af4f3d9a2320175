"""Physical evidence, one file a cue; each is one pure function of a clip and a face."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from alive402.liveness.cues.bezel import bezel
from alive402.liveness.cues.flicker import flicker
from alive402.liveness.cues.moire import moire
from alive402.liveness.cues.planar import planar
from alive402.liveness.cues.pulse import pulse
from alive402.liveness.cues.repeats import repeats
from alive402.liveness.faces.tracks import FaceTrack
from alive402.liveness.media.clip import Clip
from alive402.liveness.report import Cue

SIDE_BY_SIDE = 2
ALL: tuple[Callable[[Clip, FaceTrack], Cue], ...] = (planar, bezel, moire, repeats, flicker, pulse)


def measure(clip: Clip, track: FaceTrack) -> dict[str, Cue]:
    """Every cue by name; two are measured side by side, as most of their time goes by outside of Python."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return {cue.name: cue for cue in pool.map(lambda one: one(clip, track), ALL)}


__all__ = ["ALL", "bezel", "flicker", "measure", "moire", "planar", "pulse", "repeats"]
