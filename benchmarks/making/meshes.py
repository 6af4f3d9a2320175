"""Animates a still over a mesh of triangles: driven by another person's face, or seen as a relief by a moving camera.

The warps differ from those of `puppets` in every part: triangles and not smooth hills, motion of a real face and not
of sines, a relief with edges and not a blurred dome.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from scipy.interpolate import interp1d
from scipy.spatial import Delaunay

from benchmarks.making.places import Floats, Image, Place, even, find, hand, soiled
from benchmarks.making.replayed import OVAL, ping_pong

INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
NOSE_TIP = 1
RINGS = ((1.3, 0.9), (1.7, 0.5), (2.4, 0.1))
"""Rings of hair and shoulders around the face: distance in outlines, and the share of the head's motion."""
EDGE_POINTS = 9
"""Points along each edge of the picture, which keep their place."""
FARTHEST = 0.12
"""Most motion of the face, in face widths: a photo that is bent farther looks torn."""
FIND_EVERY = 3
"""Frames of the driving clip from one search to the next; the mesh is interpolated between."""
CELLS = 36
"""Columns of the relief's grid."""


def driven_photo(
    picture: Image, frames: Sequence[Image], seconds: float, rate: float, rng: np.random.Generator
) -> Iterator[Image]:
    """The still moved by the face mesh of a live clip: speech, blinks, and turns of a real head.

    Raises:
        ValueError: no face in the picture or in the first frame.
    """
    picture = even(picture)
    place, sigma = find(picture), rng.choice([0.0, 2.0, 4.0])
    follows = rng.uniform(0.3, 1.0)
    points = _around(picture, place)
    triangles = Delaunay(points).simplices
    count = round(seconds * rate)
    film = list(ping_pong(picture, frames, seconds, rate, np.random.default_rng(0), len(frames)))
    for marks in _driving(film, count, place.marks):
        shift = _shift(marks[0], marks[1], place.marks, float(follows))
        shift *= min(1.0, FARTHEST * place.width / max(float(np.linalg.norm(shift, axis=1).mean()), 1e-6))
        rigid = shift[list(OVAL)].mean(axis=0)
        shares = np.concatenate([np.full(len(OVAL), share) for _, share in RINGS])
        rest = np.concatenate([shares[:, None] * rigid, np.zeros((len(points) - len(shift) - len(shares), 2))])
        bent = _meshed(picture, points, points + np.concatenate([shift, rest]), triangles)
        yield soiled(_filled(bent, place.marks + shift), rng, sigma)


def relief(picture: Image, seconds: float, rate: float, rng: np.random.Generator) -> Iterator[Image]:
    """The still on a relief of triangles with steep edges, seen by a camera that orbits, comes near, and goes back."""
    picture = even(picture)
    place, sigma = find(picture), rng.choice([0.0, 2.0, 4.0])
    height, width = picture.shape[:2]
    rows = max(2, round(CELLS * height / width))
    x, y = np.meshgrid(np.linspace(0, width - 1, CELLS), np.linspace(0, height - 1, rows))
    points = np.concatenate([np.stack([x.ravel(), y.ravel()], axis=1), place.marks]).astype(np.float32)
    points = np.unique(np.clip(points, 0, [width - 1, height - 1]).round(), axis=0)
    triangles = Delaunay(points).simplices
    depth = _height(place, points)
    triangles = triangles[np.argsort(depth[triangles].mean(axis=1))]
    reach, near = rng.uniform(0.04, 0.12) * place.width, rng.uniform(0.0, 0.06)
    fixed = rng.uniform(0.0, 0.6)
    for dx, dy, lean in hand(rng, seconds, rate, 3, 0.2, 1.2):
        zoom = 1.04 + near * (lean + 1) * depth[:, None] / 2
        orbit = reach * (depth[:, None] - fixed) * np.array([dx, 0.6 * dy])
        seen = place.centre + (points - place.centre) * zoom + orbit
        yield soiled(_meshed(picture, points, np.asarray(seen, np.float32), triangles), rng, sigma)


def _driving(film: Sequence[Image], count: int, still: Floats) -> Iterator[tuple[Floats, Floats]]:
    """The mesh of the first and of each frame; without a face it keeps its place."""
    found: list[Floats] = []
    places = list(range(0, count, FIND_EVERY))
    for place in places:
        try:
            found.append(find(film[place]).marks)
        except ValueError:
            found.append(found[-1] if found else still)
    between = interp1d(places, np.stack(found), axis=0, bounds_error=False, fill_value="extrapolate")
    for place in range(count):
        yield found[0], np.asarray(between(min(place, places[-1])), np.float32)


def _around(picture: Image, place: Place) -> Floats:
    """(n, 2) float32 px: the face mesh, rings around it, and the picture's edge."""
    height, width = picture.shape[:2]
    outline = place.marks[list(OVAL)]
    middle = outline.mean(axis=0)
    rings = [middle + (outline - middle) * far for far, _ in RINGS]
    x, y = np.linspace(0, width - 1, EDGE_POINTS), np.linspace(0, height - 1, EDGE_POINTS)
    edge = [(a, b) for a in x for b in (0, height - 1)] + [(a, b) for a in (0, width - 1) for b in y[1:-1]]
    inside = np.clip(np.concatenate([place.marks, *rings]), 1, [width - 2, height - 2])
    return np.concatenate([inside, np.array(edge)]).astype(np.float32)


def _shift(first: Floats, now: Floats, still: Floats, follows: float) -> Floats:
    """(468, 2) motion of a face since its first frame, in the still's size and roll, with a share of its way."""
    found, _ = cv2.estimateAffinePartial2D(first, still)
    turned = (now - first) @ (np.eye(2) if found is None else found[:, :2]).T
    return np.asarray(turned - (1 - follows) * turned.mean(axis=0), np.float32)


def _height(place: Place, points: Floats) -> Floats:
    """(n,) float32 height of each point, 0 for the wall to 1 for the nose: a cone on a step, a lower one for a body."""
    high = float(place.box[3] - place.box[1])
    middle = 0.5 * place.marks[NOSE_TIP] + 0.5 * place.centre
    far = np.hypot(*((points - middle) / [0.68 * place.width, 0.75 * high]).T)
    head = np.where(far < 1, 1.0 - 0.4 * far, 0.0)
    below = (points[:, 1] > place.box[3]) & (abs(points[:, 0] - place.centre[0]) < 1.3 * place.width)
    return np.maximum(head, np.where(below, 0.45, 0.0)).astype(np.float32)


def _meshed(picture: Image, before: Floats, after: Floats, triangles: np.ndarray) -> Image:
    """The picture with its points moved, triangle by triangle; the last triangles hide the first."""
    height, width = picture.shape[:2]
    known = np.full((height // 2, width // 2), -1, np.float32)  # the map is linear, so half of its size is enough
    for number, corners in enumerate(after[triangles]):
        cv2.fillConvexPoly(known, np.round((corners - 0.5) * 8).astype(np.int32), float(number), cv2.LINE_8, 4)
    number = known.astype(np.int64)
    maps = _affine(after[triangles].astype(np.float64), before[triangles].astype(np.float64)).astype(np.float32)
    y, x = (2 * one.astype(np.float32) + 0.5 for one in np.mgrid[: height // 2, : width // 2])
    chosen = maps[np.maximum(number, 0)]
    source = chosen[..., 0] * x[..., None] + chosen[..., 1] * y[..., None] + chosen[..., 2]
    source = np.where((number < 0)[..., None], np.stack([x, y], axis=-1), source)
    u, v = (cv2.resize(np.ascontiguousarray(source[..., axis]), (width, height)) for axis in (0, 1))
    return np.asarray(cv2.remap(picture, u, v, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101), np.uint8)


def _affine(from_: np.ndarray, to: np.ndarray) -> np.ndarray:
    """(m, 2, 3) affine maps of m triangles (m, 3, 2) to others; flat triangles keep their place."""
    ones = np.concatenate([from_, np.ones((*from_.shape[:2], 1))], axis=2)
    flat = abs(np.linalg.det(ones)) < 1e-3
    ones[flat] = np.eye(3)
    maps = np.linalg.solve(ones, np.where(flat[:, None, None], np.eye(3)[:, :2], to))
    return np.swapaxes(maps, 1, 2)


def _filled(bent: Image, marks: Floats) -> Image:
    """The picture with a dark mouth and upper teeth between the lips, where they are apart."""
    lips = marks[list(INNER_LIPS)]
    opening = float(lips[:, 1].max() - lips[:, 1].min())
    if opening < 3:
        return bent
    mask = np.zeros(bent.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(lips * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    inside = np.full(bent.shape, (40, 30, 70), np.float32)
    inside[: int(lips[:, 1].min() + 0.35 * opening)] = (170, 185, 195)
    soft = cv2.GaussianBlur(mask, (0, 0), 1.0).astype(np.float32)[..., None] / 255
    return np.asarray(bent * (1 - soft) + inside * soft, np.uint8)
