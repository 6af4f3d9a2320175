"""Bezel cue: long straight edges around the face that move with it are the rim of a device or the border of a print."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.cues.background import background_motion
from alive402.liveness.cues.evidence import ramp, silent
from alive402.liveness.cues.regions import sound_boxes
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from alive402.liveness.report import AttackType, Cue

Doubles = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]

NAME, UNIT, NORMAL = "bezel", "sides of the face beside which a straight edge moves with it", (0.0, 0.25)
ATTACK: AttackType = "screen_replay"
FRAMES = 9
"""Frames compared, spread over the clip. Every pair of them is compared, so slow motion counts as much as fast
motion."""
LEAST_FRAMES = 4
FACE_WIDTH, LONGEST = 64.0, 384.0
"""Width of the face and longest side of the frame after shrinking, px. A bezel is still an edge at this size; pores and
cloth are not."""
LEAST_FACE = 12.0
"""Least width of the shrunk face, px. Below it, an edge of one face width cannot be distinguished from noise."""
FINENESS = 0.6
"""Size of the picture in which the line segment detector looks, as a share of the shrunk frame: short edges do not
count."""
LEAST_LENGTH, CLOSE, LEAST_CLOSE = 0.55, 1.0, 1.0
"""Least length of an edge; the distance from the face within which a longer edge is needed (hair and hands are there),
and that length. In face widths; ears and collars bend sooner."""
ABOVE, BELOW, BESIDE, OVERLAP = 1.5, 0.5, 1.0, 0.3
"""Zone around the middle of the face that an edge must pass (above, below, beside) and the least overlap with it, in
face widths. Arms and clothes move with the face too, but lie below it."""
INSIDE = 0.5
"""Distance from the middle of the face, in face widths, within which an edge belongs to the face itself."""
RIM = 0.012
"""Width of the ignored rim as a share of the frame's longest side: its edges are letterboxes and the end of the
picture."""
SLANT = 32.0
"""Most degrees by which a hand-held device may lean."""
SAME_ANGLE, SAME_PLACE, SAME_STRETCH = 8.0, 0.15, 0.4
"""Most difference of two edges that are the same edge: degrees, face widths, and share of the shorter edge. Boxes
jitter by a twentieth of a face width."""
TELLING = 0.3
"""Least distance, in face widths, between the place of an edge that moved with the face and of one that stayed
behind."""
LEAST_TELLING = 2
"""Least number of pairs of frames with evidence; a single pair could be chance."""
SOME, MANY = 0.3, 1.2
"""Number of sides at which evidence begins and is certain. Bona fide clips stay below the first; a device
moved in the hand shows one or more."""
SIDES = ("left", "right", "top", "bottom")
ONCE_SHARE = 0.6
"""Share of the looks: a side with an edge on fewer looks is examined once more, around those looks only."""
MOMENTS, MOMENT_SECONDS, MOMENT_FRAMES = 1, 1.2, 5
SOME_ONCE = 0.45
"""As `SOME`, for such a moment: with fewer frames there are more errors, also on bona fide clips."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One frame: the (m, 4) edges x1 y1 x2 y2, each edge's side of the face, and the middle and width of the face."""

    edges: Doubles
    sides: npt.NDArray[np.int64]
    middle: Doubles
    width: float


def bezel(clip: Clip, track: FaceTrack) -> Cue:
    """Find straight edges beside, above and below the face and test whether each moves with the face or the background.

    Edges come from the line segment detector of Grompone von Gioi et al., "LSD: a Line Segment Detector" (IPOL 2012).
    For each pair of frames an edge is expected at two places: where the face carried it, and where the background
    (Shi and Tomasi points at the border of the frame, tracked after Lucas and Kanade) would have left it. Only pairs in
    which the two lie well apart count: there, found with the face speaks for a device, found with the background
    against it. Door frames and shelves stay behind, camera shake moves both alike and is no evidence.
    """
    sound = np.flatnonzero(sound_boxes(track) & (track.indices >= 0) & (track.indices < len(clip.motion)))
    if len(sound) < LEAST_FRAMES:
        return silent(NAME, UNIT, NORMAL, "The face was seen too rarely to compare its motion with edges.", ATTACK)
    boxes = np.asarray(track.boxes, np.float64)[sound] * clip.motion_scale
    motion, corner = _inside(clip)
    middles = _steady((boxes[:, :2] + boxes[:, 2:]) / 2) - corner
    widths = _steady(np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))[:, None])[:, 0]
    height, width = motion.shape[1:]
    shrink = min(1.0, FACE_WIDTH / float(np.median(widths)), LONGEST / max(height, width))
    if float(np.median(widths)) * shrink < LEAST_FACE or min(height, width) * shrink < 2 * LEAST_FACE:
        return silent(NAME, UNIT, NORMAL, "The face is too small to look for edges around it.", ATTACK)
    seen = _Seen(motion[track.indices[sound]], track.times[sound], middles * shrink, widths * shrink, shrink)
    spread = np.unique(np.linspace(0, len(sound) - 1, FRAMES).round().astype(int))
    looks, evidence, any_edge = _measured(seen, spread, needed=True)
    value = float(evidence.sum())
    strength = ramp(value, SOME, MANY)
    for close in _moments(seen, looks, spread) if value < MANY else ():
        _, once, edge_once = _measured(seen, close, needed=False)
        if ramp(float(once.sum()), SOME_ONCE, MANY) > strength:
            evidence, value, strength = once, float(once.sum()), ramp(float(once.sum()), SOME_ONCE, MANY)
        any_edge = any_edge or edge_once
    return Cue(NAME, 0.0 - strength, 0.0, value, UNIT, NORMAL, _message(strength, evidence, any_edge), ATTACK)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The k frames with a face: pictures, seconds, (k, 2) middles and (k,) widths of the face in px after shrinking."""

    pictures: Image
    times: Doubles
    middles: Doubles
    widths: Doubles
    shrink: float


def _measured(seen: _Seen, chosen: npt.NDArray[np.int64], needed: bool) -> tuple[list[_Look], Doubles, bool]:
    """Measures the chosen frames: their looks, the (4,) evidence of the sides, and whether any edge was evidence.

    Unless they are `needed`, edges are only looked for where the motion lets one be evidence.
    """
    height, width = seen.pictures.shape[1:]
    size = (round(width * seen.shrink), round(height * seen.shrink))
    frames = [cv2.resize(seen.pictures[place], size, interpolation=cv2.INTER_AREA) for place in chosen]
    middles, widths = seen.middles[chosen], seen.widths[chosen]
    moved, stretch = background_motion(frames, middles, widths)
    if not needed and not _may_tell(middles, widths, moved, stretch, size):
        return [], np.zeros(len(SIDES)), False
    detector = cv2.createLineSegmentDetector(scale=FINENESS)
    looks = [_look(*one, detector) for one in zip(frames, middles, widths.tolist(), strict=True)]
    evidence, any_edge = _carried_along(looks, moved, stretch)
    # Belts, shoulders and tables lie below every face, so an edge below proves nothing on its own.
    evidence[3] = min(evidence[3], evidence[:3].max())
    return looks, evidence, any_edge


def _may_tell(
    middles: Doubles, widths: Doubles, moved: Doubles, stretch: npt.NDArray[np.int64], size: tuple[int, int]
) -> bool:
    """Whether an edge anywhere in some frame could be evidence, by how the face moved against the background."""
    farthest = np.linalg.norm(np.maximum(middles, np.array(size) - middles), axis=1)
    for here in range(len(middles)):
        apart = np.linalg.norm(middles - middles[here] - (moved - moved[here]), axis=1)
        apart += np.abs(widths / widths[here] - 1) * farthest[here]
        telling = (apart > TELLING * widths[here]) & (stretch == stretch[here])
        if telling.sum() >= LEAST_TELLING:
            return True
    return False


def _moments(seen: _Seen, looks: list[_Look], spread: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Groups of frames around looks with edges on sides where most other looks have none: a device seen only once."""
    there = np.array([[bool((look.sides == side).any()) for side in range(len(SIDES))] for look in looks])
    rare = there & (there.mean(axis=0) <= ONCE_SHARE)
    found: list[npt.NDArray[np.int64]] = []
    taken: list[float] = []
    for look in np.argsort(-rare.sum(axis=1), kind="stable"):
        time = float(seen.times[spread[look]])
        if not rare[look].any() or len(found) == MOMENTS:
            break
        near = np.flatnonzero(np.abs(seen.times - time) <= MOMENT_SECONDS / 2)
        if len(near) >= LEAST_FRAMES and all(abs(time - other) > MOMENT_SECONDS / 2 for other in taken):
            found.append(near[np.unique(np.linspace(0, len(near) - 1, MOMENT_FRAMES).round().astype(int))])
            taken.append(time)
    return found


def _inside(clip: Clip) -> tuple[Image, Doubles]:
    """The motion frames cropped to the inner picture, and the crop's corner in them, px.

    Bars that an editor drew never move. If they counted as background, a panning camera would make the room look like a
    device.
    """
    if clip.inner is None:
        return clip.motion, np.zeros(2)
    height, width = clip.motion.shape[1:]
    inner = clip.inner.enlarged((clip.video.width, clip.video.height), (width, height))
    left, top = max(inner.left, 0), max(inner.top, 0)
    return clip.motion[:, top : inner.bottom, left : inner.right], np.array([left, top], np.float64)


def _message(strength: float, evidence: Doubles, any_edge: bool) -> str:
    if strength > 0:
        seen = [side for side, one in zip(SIDES, evidence, strict=True) if one >= SOME / 2]
        where = f"on {len(seen)} sides" if len(seen) > 1 else f"on the {seen[0]} side" if seen else "on some sides"
        return (
            f"Straight edges {where} of the face move with it, as the frame of a phone or the border of a print does."
        )
    if any_edge:
        return "The straight edges around the face do not move with it: they belong to the room."
    return "No straight edge around the face was seen to move with it."


def _steady(values: Doubles) -> Doubles:
    """Replaces each of the (k, d) values by the median of itself and its neighbours: one bad box has no effect."""
    if len(values) < 3:
        return values
    padded = np.concatenate([values[:1], values, values[-1:]])
    return np.asarray(np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0), np.float64)


def _look(image: Image, middle: Doubles, width: float, detector: cv2.LineSegmentDetector) -> _Look:
    found = detector.detect(image)[0]
    edges = np.zeros((0, 4)) if found is None else np.asarray(found, np.float64).reshape(-1, 4)
    along = edges[:, 2:] - edges[:, :2]
    centres = (edges[:, 2:] + edges[:, :2]) / 2
    away = (centres - middle) / width
    rim = RIM * max(image.shape) + 1
    far_corner = np.array(image.shape[::-1]) - rim
    slant = np.abs(np.degrees(np.arctan2(along[:, 1], along[:, 0])))
    upright, lying = np.abs(slant - 90) < SLANT, (slant < SLANT) | (slant > 180 - SLANT)
    ends = np.stack([(edges[:, :2] - middle) / width, (edges[:, 2:] - middle) / width])
    low, high = ends.min(axis=0), ends.max(axis=0)
    upright &= np.minimum(high[:, 1], BELOW) - np.maximum(low[:, 1], -ABOVE) > OVERLAP
    lying &= np.minimum(high[:, 0], BESIDE) - np.maximum(low[:, 0], -BESIDE) > OVERLAP
    close = np.abs(away).max(axis=1) < CLOSE
    sides = np.full(len(edges), -1)
    sides[upright & (away[:, 0] < -INSIDE)], sides[upright & (away[:, 0] > INSIDE)] = 0, 1
    sides[lying & (away[:, 1] < -INSIDE)], sides[lying & (away[:, 1] > INSIDE)] = 2, 3
    kept = (
        (sides >= 0)
        & (np.hypot(along[:, 0], along[:, 1]) > np.where(close, LEAST_CLOSE, LEAST_LENGTH) * width)
        & (centres > rim).all(axis=1)
        & (centres < far_corner).all(axis=1)
    )
    return _Look(edges[kept], sides[kept], middle, width)


def _carried_along(looks: list[_Look], background: Doubles, stretch: npt.NDArray[np.int64]) -> tuple[Doubles, bool]:
    """(4,) 0..1, how steadily each side has an edge that moves with the face; and whether any edge was evidence."""
    evidence = np.zeros((len(looks), len(SIDES)))
    any_edge = False
    for here, look in enumerate(looks):
        edges = look.edges
        if not len(edges):
            continue
        telling, with_face, left_behind = (np.zeros(len(edges)) for _ in range(3))
        along = edges[:, 2:] - edges[:, :2]
        normals = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.hypot(along[:, 0], along[:, 1])[:, None]
        for there, other in enumerate(looks):
            if there == here or stretch[there] != stretch[here]:
                continue
            carried = (edges.reshape(-1, 2) - look.middle) * (other.width / look.width) + other.middle
            carried = carried.reshape(-1, 4)
            stayed = edges + np.tile(background[there] - background[here], 2)
            gap = np.abs((((carried - stayed)[:, :2] + (carried - stayed)[:, 2:]) / 2 * normals).sum(axis=1))
            apart = gap > TELLING * look.width
            if not apart.any():
                continue
            behind = apart & _found(stayed, other)
            with_face += apart & ~behind & _found(carried, other)
            left_behind += behind
            telling += apart
        share = np.where(telling >= LEAST_TELLING, (with_face - left_behind) / np.maximum(telling, 1), 0.0)
        any_edge = any_edge or bool((telling >= LEAST_TELLING).any())
        for side in range(len(SIDES)):
            evidence[here, side] = max(0.0, float(share[look.sides == side].max(initial=0.0)))
    return evidence.mean(axis=0), any_edge


def _found(expected: Doubles, look: _Look) -> npt.NDArray[np.bool_]:
    """(n,) bool, whether each of the (n, 4) expected edges has its match in `look`: angle, bright side and place."""
    if not len(look.edges):
        return np.zeros(len(expected), np.bool_)
    along, other = expected[:, 2:] - expected[:, :2], look.edges[:, 2:] - look.edges[:, :2]
    length = np.hypot(along[:, 0], along[:, 1])
    unit = along / length[:, None]
    # The detector orders the ends of an edge by its bright side, so angles are compared over the full circle.
    alike = unit @ (other / np.hypot(other[:, 0], other[:, 1])[:, None]).T > np.cos(np.radians(SAME_ANGLE))
    centre = (expected[:, None, :2] + expected[:, None, 2:]) / 2
    first, last = look.edges[None, :, :2] - centre, look.edges[None, :, 2:] - centre
    start, end = (first * unit[:, None]).sum(axis=2), (last * unit[:, None]).sum(axis=2)
    half = length[:, None] / 2
    low = np.maximum(np.minimum(start, end), -half)
    high = np.minimum(np.maximum(start, end), half)
    stretch = end - start
    shared = high - low > SAME_STRETCH * np.minimum(length[:, None], np.abs(stretch))
    part = ((low + high) / 2 - start) / np.where(np.abs(stretch) < 1e-6, 1e-6, stretch)
    place = first + (last - first) * part[..., None]
    off = np.abs(-place[..., 0] * unit[:, None, 1] + place[..., 1] * unit[:, None, 0])
    return np.asarray((alike & shared & (off < SAME_PLACE * look.width)).any(axis=1), np.bool_)
