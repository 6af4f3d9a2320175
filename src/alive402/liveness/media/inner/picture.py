"""Finds the inner picture: the part of a frame that is not bars, borders, captions or a call's window.

A graphic that an editor drew around a video differs from a filmed object: its edge lies exactly along the pixels, it
never moves, it is as long as the picture is, and beyond it there is one flat colour (or text on it) or a blurred copy,
up to the end of the frame. The rim of a phone or the border of a paper has none of these properties and is never cut
away, because it is evidence. Each test below is one of these differences.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.media.inner.edges import SIDES, Frames, blurred_pair, candidates, is_drawn
from alive402.liveness.media.inner.ovals import LEAST_OVAL, oval

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int16]

LOOKS = 6
"""Frames compared; a hand-held device moves in less than a second."""
LEAST_LOOKS = 3
LEAST_SIDE, LEAST_FACE, FIRST_SIDE = 48, 4, 320
"""Least side of a frame and of a face in px for a search; and the frame's side in the first, quick search."""
LEAST_SHARE = 0.12
"""Least share of the frame that the inner picture covers."""
INSIDE = 0.8
"""Least share of the face box that is inside the inner picture."""
RIM = 0.96
"""Share of an oval's axes that is kept: farther out, pixels were blended with the colour around."""
AGAIN_SECONDS = 2.0
"""Seconds to the second search; the wait then doubles each time, because a frame seldom changes in mid-clip."""
SAME = 0.02
"""Most difference, as a share of the longer side, between two results for one inner picture."""


@dataclass(frozen=True, slots=True)
class InnerPicture:
    """The part of the upright frame that is the picture: px, right and bottom exclusive.

    Attributes:
        oval: it is the ellipse that this rectangle holds, not the whole of it; its ends may lie outside the frame.
    """

    left: int
    top: int
    right: int
    bottom: int
    oval: bool = False

    def cut(self, image: Image) -> Image:
        """(h, w, 3) uint8, the inner part of the whole upright frame (height, width, 3).

        Outside an oval, its rim is repeated outwards from the middle. The pixels there are lost, so an attack in an
        oval looks more like life than its whole picture does.
        """
        part = image[max(self.top, 0) : self.bottom, max(self.left, 0) : self.right]
        if not self.oval:
            return part
        rows, columns, from_rows, from_columns = _beyond(self, *part.shape[:2])
        filled = part.copy()
        filled[rows, columns] = part[from_rows, from_columns]
        return filled

    def shift(self, box: Floats) -> Floats:
        """(4,) float32 x1 y1 x2 y2 of the frame, converted to px of the inner picture; may reach beyond it."""
        corner = np.array([max(self.left, 0), max(self.top, 0)] * 2, np.float32)
        return np.asarray(box - corner, np.float32)

    def enlarged(self, size: tuple[int, int], to: tuple[int, int]) -> InnerPicture:
        """The same part of a frame of another size, rounded inwards; sides on the frame's border stay there."""
        across, down = to[0] / size[0], to[1] / size[1]
        left, top = math.ceil(self.left * across - 1e-6), math.ceil(self.top * down - 1e-6)
        right, bottom = int(self.right * across + 1e-6), int(self.bottom * down + 1e-6)
        return InnerPicture(left, top, right, bottom, self.oval)


class InnerPictureWatch:
    """Searches for the inner picture while frames stream by: over the first looks at a face, then at growing intervals.

    Attributes:
        found: the inner picture now, px of the upright frame.
        settled: it was looked for at least once.
    """

    def __init__(self) -> None:
        self.found: InnerPicture | None = None
        self.settled = False
        self._answers: list[InnerPicture | None] = []
        self._looks: list[Image] = []
        self._box: Floats | None = None
        self._size = (1, 1)
        self._due = 0.0

    def look(self, small: Image, size: tuple[int, int], time: float, box: Floats | None) -> None:
        """Add the next small frame of a frame of `size` (width, height); `box` (4,) is the largest face in it."""
        if time < self._due:
            return
        if self._looks and self._looks[0].shape != small.shape:
            self._looks.clear()
        self._looks = [*self._looks[1 - LOOKS :], small]
        self._size = size
        if box is not None:
            self._box = box
            if len(self._looks) >= LOOKS:
                self._due = time + AGAIN_SECONDS * 2 ** len(self._answers)
                self._decide()

    def finish(self) -> InnerPicture | None:
        """The inner picture of the whole clip; None where it changed in between."""
        if not self.settled and self._box is not None:
            self._decide()
        first = self._answers[0] if self._answers else None
        return first if all(_alike(first, other) for other in self._answers) else None

    def _decide(self) -> None:
        assert self._box is not None
        small = find(self._looks, self._box)
        self.found = small and small.enlarged(self._looks[0].shape[1::-1], self._size)
        if _alike(self.found, self._answers[-1] if self._answers else None) and self._answers:
            self.found = self._answers[-1]
        self._answers.append(self.found)
        self.settled = True
        self._looks.clear()


def find(looks: list[Image], box: Floats) -> InnerPicture | None:
    """Find the inner picture around a face, from small frames spread over about a second.

    Args:
        looks: (h, w, 3) uint8 BGR each, one shape.
        box: (4,) float32, x1 y1 x2 y2 of the face in px of these frames.

    Returns:
        In px of these frames; None where the picture fills the frame, and where that is not certain.
    """
    height, width = looks[0].shape[:2] if looks else (0, 0)
    if len(looks) < LEAST_LOOKS or min(height, width) < LEAST_SIDE or not np.isfinite(box).all():
        return None
    box = np.clip(box, 0, [width, height, width, height])
    if min(box[2:] - box[:2]) < LEAST_FACE:
        return None
    shrink = FIRST_SIDE / max(height, width)
    if shrink < 1:  # Most clips have nothing around them; half of the looks at half the size are enough to see it.
        size = max(2, round(width * shrink)), max(2, round(height * shrink))
        smaller = [cv2.resize(look, size, interpolation=cv2.INTER_AREA) for look in looks[::2]]
        if _find(smaller, box * np.float32(shrink)) is None:
            return None
    return _find(looks, box)


def _find(looks: list[Image], box: Floats) -> InnerPicture | None:
    frames = Frames.of(looks)
    found = _rectangle(frames, box)
    if found is None and (ends := oval(frames)) is not None:
        found = InnerPicture(
            math.ceil(ends[0]), math.ceil(ends[1]), math.floor(ends[2]), math.floor(ends[3]), oval=True
        )
    return found if found is not None and _sensible(found, box, *frames.low.shape[1::-1]) else None


def _sensible(found: InnerPicture, box: Floats, width: int, height: int) -> bool:
    """Whether it is large enough and holds the face."""
    share = LEAST_OVAL if found.oval else LEAST_SHARE
    if (found.right - found.left) * (found.bottom - found.top) < share * width * height:
        return False
    corner, far = np.maximum(box[:2], [found.left, found.top]), np.minimum(box[2:], [found.right, found.bottom])
    return bool(np.clip(far - corner, 0, None).prod() >= INSIDE * (box[2:] - box[:2]).prod())


def _rectangle(frames: Frames, box: Floats) -> InnerPicture | None:
    """Find an edge on every side that has one, each tested along the whole length that the other edges leave."""
    height, width = frames.low.shape[:2]
    turned = {side: frames.towards(side) for side in SIDES}
    left, top, right, bottom = (int(edge) for edge in box)
    near = {"left": (top, bottom), "right": (top, bottom), "top": (left, right), "bottom": (left, right)}
    slack = (right - left) // 4, (bottom - top) // 4
    limits = {
        "left": left + slack[0],
        "right": width - right + slack[0],
        "top": top + slack[1],
        "bottom": height - bottom + slack[1],
    }
    # Along the face first: there no other edge has to be known.
    drawn = {
        side: [x for x in candidates(turned[side], near[side], limits[side]) if is_drawn(turned[side], x, near[side])]
        for side in SIDES
    }
    while True:
        chosen = {side: drawn[side][0] if drawn[side] else 0 for side in SIDES}
        spans = _spans(chosen, width, height)
        wrong = [side for side in SIDES if chosen[side] and not is_drawn(turned[side], chosen[side], spans[side])]
        if not wrong:
            break
        del drawn[wrong[0]][0]
    for pair in (("left", "right"), ("top", "bottom")):
        if not any(chosen[side] for side in pair):
            spans = _spans(chosen, width, height)
            even = blurred_pair([turned[side] for side in pair], spans[pair[0]], [limits[side] for side in pair])
            chosen.update(dict.fromkeys(pair, even))
    if not any(chosen.values()):
        return None
    chosen = {side: x + 1 if x else 0 for side, x in chosen.items()}  # A codec smears the band over the first column.
    return InnerPicture(chosen["left"], chosen["top"], width - chosen["right"], height - chosen["bottom"])


def _spans(chosen: dict[str, int], width: int, height: int) -> dict[str, tuple[int, int]]:
    """The range along each side in which its edge has to be visible."""
    upright, lying = (chosen["top"], height - chosen["bottom"]), (chosen["left"], width - chosen["right"])
    return {"left": upright, "right": upright, "top": lying, "bottom": lying}


@lru_cache(maxsize=1)
def _beyond(inner: InnerPicture, height: int, width: int) -> tuple[Places, Places, Places, Places]:
    """Rows and columns of the pixels outside the oval in its rectangle, and of their replacements on the rim."""
    middle = (inner.top + inner.bottom) / 2 - max(inner.top, 0), (inner.left + inner.right) / 2 - max(inner.left, 0)
    half = RIM * (inner.bottom - inner.top) / 2, RIM * (inner.right - inner.left) / 2
    down = (np.arange(height, dtype=np.float32) + 0.5 - middle[0]) / half[0]
    across = (np.arange(width, dtype=np.float32) + 0.5 - middle[1]) / half[1]
    away = np.hypot(down[:, None], across[None])
    rows, columns = np.nonzero(away > 1)
    far = away[rows, columns]
    from_rows = np.clip(down[rows] / far * half[0] + middle[0], 0, height - 1).astype(np.int16)
    from_columns = np.clip(across[columns] / far * half[1] + middle[1], 0, width - 1).astype(np.int16)
    return rows.astype(np.int16), columns.astype(np.int16), from_rows, from_columns


def _alike(one: InnerPicture | None, other: InnerPicture | None) -> bool:
    if one is None or other is None:
        return one is other
    apart = max(abs(getattr(one, side) - getattr(other, side)) for side in SIDES)
    return one.oval == other.oval and apart <= SAME * max(one.right - one.left, one.bottom - one.top)
