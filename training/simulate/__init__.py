"""Renders presentation attacks from bona fide pictures, all filmed by the same camera model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from training.simulate.camera import film
from training.simulate.papers import PAPERS, printed
from training.simulate.picture import Picture, sane_box
from training.simulate.screens import SCREENS, replay

__all__ = ["PAPERS", "SCREENS", "Picture", "film", "present"]


def present(
    rng: np.random.Generator,
    shown: Picture,
    kind: str,
    rooms: Sequence[npt.NDArray[np.uint8]],
    holder: Picture | None = None,
) -> Picture:
    """Renders the attack `kind` with `shown` as its content, in its scene, before the camera.

    Args:
        kind: one of SCREENS or PAPERS.
        rooms: (h, w, 3) uint8 pictures to build the surroundings from; may be empty.
        holder: somebody who holds what can be held, before their own face or under it.

    Raises:
        ValueError: no such kind.
    """
    whole = Picture(shown.image, sane_box(shown))
    if kind in SCREENS:
        seen = replay(rng, whole, kind, rooms, holder)
    elif kind in PAPERS:
        seen = printed(rng, whole, kind, rooms, holder)
    else:
        raise ValueError(f"no such attack: {kind}")
    height, width = seen.image.shape[:2]
    x, y = (seen.box[:2] + seen.box[2:]) / 2
    # A box larger than its picture, seen from the side, can have its middle outside.
    return seen if 0 <= x <= width and 0 <= y <= height else Picture(seen.image, sane_box(seen))
