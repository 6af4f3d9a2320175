"""Physical evidence, one file a cue; each is one pure function of a clip and a face."""

from __future__ import annotations

from collections.abc import Callable

from alive402.liveness.clip import Clip
from alive402.liveness.cues.bezel import bezel
from alive402.liveness.cues.flicker import flicker
from alive402.liveness.cues.moire import moire
from alive402.liveness.cues.planar import planar
from alive402.liveness.cues.pulse import pulse
from alive402.liveness.cues.repeats import repeats
from alive402.liveness.faces import FaceTrack
from alive402.liveness.report import Cue

ALL: tuple[Callable[[Clip, FaceTrack], Cue], ...] = (planar, bezel, moire, repeats, flicker, pulse)


def measure(clip: Clip, track: FaceTrack) -> dict[str, Cue]:
    """Every cue by name."""
    return {cue.name: cue for cue in (one(clip, track) for one in ALL)}


__all__ = ["ALL", "bezel", "flicker", "measure", "moire", "planar", "pulse", "repeats"]
