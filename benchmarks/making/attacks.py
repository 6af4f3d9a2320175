"""The made attacks by name: each turns a still or a live clip of a person into frames that imitate life.

A maker is deterministic given its generator and yields `round(seconds * rate)` frames of the picture's size (odd sides
lose a pixel), (h, w, 3) uint8 BGR. Strengths are drawn from ranges, so that no cue can be tuned to one rendering.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from benchmarks.making import cutouts, drawings, meshes, puppets, replayed, stills
from benchmarks.making.places import Image

Maker = Callable[[Image, float, float, np.random.Generator], Iterator[Image]]
ClipMaker = Callable[[Image, Sequence[Image], float, float, np.random.Generator], Iterator[Image]]

ATTACKS: dict[str, Maker] = {
    "still, fresh noise": stills.fresh_noise,
    "still, Ken Burns": stills.ken_burns,
    "still, shaken": stills.shaken,
    "still, zoomed": stills.zoomed,
    "talking photo": puppets.talking_photo,
    "2.5-D photo": puppets.parallax,
    "relief photo": meshes.relief,
    "cut-out": cutouts.cut_out,
    "bent print": cutouts.bent_print,
    "avatar, filtered photo": drawings.filtered_photo,
    "avatar, cartoon": drawings.cartoon,
    "avatar, rendered head": drawings.rendered_head,
}
"""Attacks made from one still: (picture, seconds, rate, rng) -> frames."""

CLIP_ATTACKS: dict[str, ClipMaker] = {
    "driven photo": meshes.driven_photo,
    "face swap": replayed.face_swap,
    "loop": replayed.loop,
    "loop, ping-pong": replayed.ping_pong,
}
"""Attacks made from a still and the frames of a live clip at `rate`: (picture, frames, seconds, rate, rng) -> frames.
The loops use the clip only; the swap puts the picture's face on the clip's face; the driven photo takes its motion."""
