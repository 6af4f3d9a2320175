"""Tracks corner points of a face and its surroundings from one frame to far-apart others, for the cue `still`.

Corners (Shi and Tomasi 1994) are followed by pyramidal Lucas-Kanade (Bouguet 2001) twice: once to find the homography
that explains most of the picture, then from the frame that it was undone in, so that zoom and turn do not blur the
match. A forward-backward check (Kalal et al. 2010) drops what was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.cues.regions import sound_boxes
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
Gray = npt.NDArray[np.uint8]

FRAMES = 7
"""Frames compared, spread over the track; the middle one is the reference."""
LEAST_FRAMES, LEAST_SECONDS = 4, 1.0
LEAST_SURVIVAL = 0.75
"""Least share of the face's points that must be found again, mean over the frames. A face that turns farther is no
still."""
CORNERS, QUALITY = 70, 0.01
LEAST_CORNERS = 14
LEAST_FACE, LEAST_SIDE = 54.0, 64
"""Least width of the face and least side of the motion frame, px."""
OVAL = (0.62, 0.68, 0.08)
"""Half axes of the head in face widths and heights, and the height of its middle above the middle of the face box."""
MARGIN = 4
"""px around a mask on which the strength of the corners under it depends."""
GRAIN = 1.3
"""Blur of the frames in px, so that corners are objects and not noise."""
WINDOW, LEVELS, BACK_PX = (19, 19), 3, 0.8
FOLLOWING = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 12, 0.01)
RANSAC_PX, RANSAC_STEPS = 2.0, 300
LEAST_DETERMINANT = 0.05
"""Least area scale of a homography; one that shrinks the picture more is a false match."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One frame against the reference.

    Attributes:
        kept: (n,) bool, which points were found again.
        aligned: (n, 2) float64, where they are once the picture's homography is undone, px of the motion frame.
        seen: (n, 2) float64, where they are in the frame itself.
        picture: (h, w) uint8, the frame, blurred by `GRAIN`.
    """

    kept: npt.NDArray[np.bool_]
    aligned: Doubles
    seen: Doubles
    picture: Gray


@dataclass(frozen=True, slots=True)
class Following:
    """Points of the reference frame and where they went.

    Attributes:
        points: (n, 2) float32, px of the motion frame; those on the face first.
        weights: (n,) float64, how well each can be placed: the smaller eigenvalue of its gradients, median 1 on faces.
        on_face: (n,) bool.
        middle: (2,) float64, centre of the face's box, px.
        sides: (2,) float64, width and height of the face's box, px.
        picture: (h, w) uint8, the reference, blurred by `GRAIN`.
        pairs: frames compared; those in which too little was found again are left out.
        compared: how many frames were tried.
        survival: 0..1, share of the face's points that were found again, mean over all frames tried.
        beside: the frames just before and after the reference, as they are.
    """

    points: Floats
    weights: Doubles
    on_face: npt.NDArray[np.bool_]
    middle: Doubles
    sides: Doubles
    picture: Gray
    pairs: tuple[Pair, ...]
    compared: int
    survival: float
    beside: tuple[Gray, ...]


def follow(
    clip: Clip,
    track: FaceTrack,
    at: int = FRAMES // 2,
    hopeless: Callable[[Following, Gray], bool] | None = None,
    enough: Callable[[Following, Pair], bool] | None = None,
) -> Following | None:
    """Follow the track's face; None when it is too small, too short, or has too few corners.

    Frames are compared the farthest first, until `LEAST_SURVIVAL` cannot be reached any more.

    Args:
        at: which of the compared frames is the reference.
        hopeless: called with each frame, blurred by `GRAIN`, before it is compared, and with the points on the face
            alone; once it is true, None is returned.
        enough: called with each pair; once it is true, no more frames are compared.
    """
    places = np.flatnonzero(sound_boxes(track))
    if len(places) < LEAST_FRAMES or min(clip.motion.shape[1:]) < LEAST_SIDE:
        return None
    if track.times[places[-1]] - track.times[places[0]] < LEAST_SECONDS:
        return None
    chosen = places[np.unique(np.linspace(0, len(places) - 1, FRAMES).round().astype(int))]
    reference = chosen[int((at + 0.5) * len(chosen) / FRAMES)]
    box = track.boxes[reference].astype(np.float64) * clip.motion_scale
    middle, sides = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    height, width = clip.motion.shape[1:]
    if sides[0] < LEAST_FACE or (middle < 0).any() or (middle >= [width, height]).any():
        return None
    picture = blurred(clip.motion[track.indices[reference]])
    head = _head(picture, middle, sides)
    face = _found(picture, head, max(2.0, sides[0] / 16))
    if len(face) < LEAST_CORNERS:
        return None
    number = int(np.searchsorted(places, reference))
    near = (places[one] for one in (number - 1, number + 1) if 0 <= one < len(places))
    beside = tuple(clip.motion[track.indices[place]] for place in near)
    alone = Following(
        face, np.ones(len(face)), np.ones(len(face), np.bool_), middle, sides, picture, (), 0, 0.0, beside
    )
    whole: Following | None = None
    pairs: list[Pair] = []
    found: list[float] = []
    others = chosen[chosen != reference]
    for place in others[np.argsort(-abs(track.times[others] - track.times[reference]), kind="stable")]:
        other = blurred(clip.motion[track.indices[place]])
        if hopeless is not None and hopeless(alone, other):
            return None
        whole = whole or _with_surroundings(alone, head)
        pair = _pair(picture, other, whole.points)
        kept = int((pair.kept & whole.on_face).sum()) if pair else 0
        found.append(kept / len(face))
        if len(found) - sum(found) > (1 - LEAST_SURVIVAL) * len(others):
            break
        if pair is not None and kept >= LEAST_CORNERS:
            pairs.append(pair)
            if enough is not None and enough(whole, pair):
                break
    return replace(whole or alone, pairs=tuple(pairs), compared=len(found), survival=float(np.mean(found)))


def paired(clip: Clip, track: FaceTrack, followed: Following) -> Iterator[Pair]:
    """The reference with each other look of the track in which its points are found again."""
    for place in np.flatnonzero(sound_boxes(track)):
        frame = blurred(clip.motion[track.indices[place]])
        same = np.array_equal(frame, followed.picture)
        if not same and (pair := _pair(followed.picture, frame, followed.points)) is not None:
            yield pair


def blurred(frame: Gray) -> Gray:
    """The frame without the grain of its sensor."""
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), GRAIN), np.uint8)


def _head(picture: Gray, middle: Doubles, sides: Doubles) -> Gray:
    """The mask of the head."""
    head = np.zeros_like(picture)
    axes = np.maximum(1, np.array(OVAL[:2]) * sides).astype(int)
    centre = int(middle[0]), int(middle[1] - OVAL[2] * sides[1])
    return np.asarray(cv2.ellipse(head, centre, (int(axes[0]), int(axes[1])), 0, 0, 360, 255, -1), np.uint8)


def _found(picture: Gray, mask: Gray, gap: float) -> Floats:
    """(n, 2) float32, at most 70 corners under the mask, so many px apart."""
    left, top, width, height = cv2.boundingRect(mask)
    left, top, right, bottom = max(left - MARGIN, 0), max(top - MARGIN, 0), left + width + MARGIN, top + height + MARGIN
    part = slice(top, bottom), slice(left, right)
    corners = cv2.goodFeaturesToTrack(picture[part], CORNERS, QUALITY, gap, mask=mask[part])
    return np.zeros((0, 2), np.float32) if corners is None else np.asarray(corners[:, 0] + (left, top), np.float32)


def _with_surroundings(alone: Following, head: Gray) -> Following:
    """The points on the face and others around the head, and how well each can be placed."""
    picture = alone.picture
    around = cv2.bitwise_not(cv2.dilate(head, np.ones((5, 5), np.uint8)))
    others = _found(picture, np.asarray(around, np.uint8), max(4.0, picture.shape[1] / 50))
    points, on_face = np.concatenate([alone.points, others]), np.arange(len(alone.points) + len(others))
    strength = cv2.cornerMinEigenVal(picture, WINDOW[0])
    last = np.array([picture.shape[1] - 1, picture.shape[0] - 1])
    x, y = np.clip(points.round().astype(int), 0, last).T
    weights = np.asarray(strength[y, x], np.float64)
    usual = float(np.median(weights[: len(alone.points)]))
    weights = np.clip(weights / max(usual, 1e-12), 1e-3, 4.0)
    return replace(alone, points=points, weights=weights, on_face=on_face < len(alone.points))


def _pair(reference: Gray, frame: Gray, points: Floats) -> Pair | None:
    """The points in another frame; None when no homography explains their motion."""
    first, found = lucas_kanade(reference, frame, points)
    if found.sum() < LEAST_CORNERS:
        return None
    plane, _ = cv2.findHomography(points[found], first[found], cv2.RANSAC, RANSAC_PX, maxIters=RANSAC_STEPS)
    if plane is None or not np.isfinite(plane).all() or abs(np.linalg.det(plane)) < LEAST_DETERMINANT:
        return None
    size = reference.shape[::-1]
    undone = cv2.warpPerspective(
        frame, plane, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    aligned, kept = lucas_kanade(reference, undone, points)
    back, returned = lucas_kanade(undone, reference, aligned, points)
    kept &= returned & (np.linalg.norm(back - points, axis=1) < BACK_PX)
    seen = cv2.perspectiveTransform(aligned[:, None].astype(np.float64), plane)[:, 0]
    kept &= np.isfinite(seen).all(axis=1)
    return Pair(kept, aligned.astype(np.float64), np.asarray(seen, np.float64), frame)


def lucas_kanade(
    before: Gray, after: Gray, points: Floats, guess: Floats | None = None
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The points' places in the next picture, and which were found; with a guess, only near the guess."""
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        before,
        after,
        points[:, None],
        None if guess is None else guess[:, None].copy(),
        winSize=WINDOW,
        maxLevel=LEVELS if guess is None else 0,
        criteria=FOLLOWING,
        flags=0 if guess is None else cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return np.asarray(moved[:, 0], np.float32), found[:, 0] > 0
