"""Planar motion cue: does the moving face move as one flat picture?

The points of a plane seen by a moving camera obey one homography (Hartley and Zisserman 2004, ch. 13; used against
photo attacks by De Marsico et al. 2012). A face from life turns and speaks, so its points leave any homography. Two
measures must agree: corner points followed by pyramidal Lucas-Kanade (Bouguet 2001) with a forward-backward check
(Kalal et al. 2010), and the face mesh.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.cues.evidence import ramp, silent
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from alive402.liveness.report import Cue

Floats = npt.NDArray[np.float32]
Gray = npt.NDArray[np.uint8]

NAME = "planar"
UNIT = "share of the face's motion that one flat picture cannot make"
NORMAL = (0.16, 1.0)

SPAN_SECONDS = 0.7
STEP_SECONDS = 0.5
EVERY = 2
"""Looks from one view in which the corners are followed to the next."""
CORNERS = 36
LEAST_CORNERS = 12
LEAST_PAIRS = 2
LEAST_MOTION = 0.012  # In face widths; with less motion, noise decides.
BACK_PX = 1.0
WINDOW = (15, 15)
LEVELS = 3
FOLLOWING = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.03)
"""Stop criterion for tracking a corner: 10 steps, or a step below 0.03 px."""

# The ratio of a shaken bona fide clip may be that of a still, but its mesh then moves more than that of a still held by
# hand. Both must hold.
RATIO_NOTHING, RATIO_CERTAIN = 0.12, 0.05
MESH_NOTHING, MESH_CERTAIN = 0.008, 0.004


def planar(clip: Clip, track: FaceTrack) -> Cue:
    """How flat the face's motion is.

    `value` is the median over half-second stretches of the rms distance of followed corners from one homography,
    divided by their rms motion; stretches are followed until their median can show no flat picture any more. Negative
    score: a flat picture was moved. Never positive, because a person on a screen moves in three dimensions too.
    """
    ratios: list[float] = []
    stretches = _stretches(track)
    for chosen in stretches:
        residual, motion = _follow(clip, track, chosen) or (0.0, 0.0)
        if motion >= LEAST_MOTION:
            ratios.append(residual / motion)
        bodily = sum(ratio >= RATIO_NOTHING for ratio in ratios)
        if bodily >= LEAST_PAIRS and bodily > len(stretches) / 2:
            break
    if len(ratios) < LEAST_PAIRS:
        return silent(NAME, UNIT, NORMAL, "The face hardly moved, so its motion says nothing.", "print_or_still")
    ratio = float(np.median(ratios))
    flat = ramp(ratio, RATIO_NOTHING, RATIO_CERTAIN)
    mesh = _mesh_residual(track) if flat > 0 else None
    # Without the mesh, a rigid head cannot be ruled out.
    flat = min(flat, ramp(mesh, MESH_NOTHING, MESH_CERTAIN)) if mesh is not None else 0.5 * flat
    message = (
        "All points of the face move as one flat picture does: a print or a still on a display."
        if flat >= 0.5
        else "The points of the face move nearly as a flat picture does."
        if flat > 0
        else "The face moves as a body in space does."
    )
    return Cue(NAME, 0.0 - flat, 0.0, ratio, UNIT, NORMAL, message, "print_or_still")


def _stretches(track: FaceTrack) -> list[list[int]]:
    """Indices of the track in windows of about `SPAN_SECONDS`, one starting every `STEP_SECONDS`."""
    times, runs, due = track.times, [], -1.0
    for start in range(len(times) - 1):
        if times[start] < due:
            continue
        end = max(start + 2, int(np.searchsorted(times, times[start] + SPAN_SECONDS, side="right")))
        runs.append(list(range(start, min(end, len(times)))))
        due = times[start] + STEP_SECONDS
    return runs


def _follow(clip: Clip, track: FaceTrack, places: list[int]) -> tuple[float, float] | None:
    """(rms distance from one homography, rms motion) of the face's corners over a stretch, in face widths."""
    boxes = track.boxes[places] * clip.motion_scale
    height, width = clip.motion.shape[1:]
    margin = 0.3 * (boxes[:, 2:] - boxes[:, :2]).max()
    low = np.clip((boxes[:, :2].min(axis=0) - margin).astype(int), 0, [width, height])
    high = np.clip((boxes[:, 2:].max(axis=0) + margin).astype(int), 0, [width, height])
    if min(high - low) < 24:
        return None
    followed = track.indices[[*places[:-1:EVERY], places[-1]]]
    views = [np.ascontiguousarray(clip.motion[one, low[1] : high[1], low[0] : high[0]]) for one in followed]
    first = np.clip((boxes[0].reshape(2, 2) - low).round().astype(int), 0, None)
    mask = np.zeros_like(views[0])
    mask[first[0, 1] : first[1, 1], first[0, 0] : first[1, 0]] = 255
    face_width = float(boxes[0, 2] - boxes[0, 0])
    corners = cv2.goodFeaturesToTrack(views[0], CORNERS, 0.01, max(3.0, face_width / 20), mask=mask)
    if corners is None or len(corners) < LEAST_CORNERS:
        return None
    start, end = _lucas_kanade(views, np.asarray(corners, np.float32))
    if len(start) < LEAST_CORNERS:
        return None
    plane, _ = cv2.findHomography(start, end, cv2.RANSAC, max(1.0, 0.02 * face_width))
    if plane is None:
        return None
    predicted = cv2.perspectiveTransform(start[:, None], plane)[:, 0]
    return _rms(predicted - end) / face_width, _rms(end - start) / face_width


def _lucas_kanade(views: list[Gray], corners: Floats) -> tuple[Floats, Floats]:
    """Tracks corners to the last view and back: (n, 2) places in both views, of those that return to their start."""
    current, alive = corners, np.ones(len(corners), bool)
    for before, after in pairwise(views):
        current, found, _ = cv2.calcOpticalFlowPyrLK(
            before, after, current, None, winSize=WINDOW, maxLevel=LEVELS, criteria=FOLLOWING
        )
        alive &= found[:, 0] > 0
    back, found, _ = cv2.calcOpticalFlowPyrLK(
        views[-1],
        views[0],
        current,
        corners.copy(),
        winSize=WINDOW,
        maxLevel=LEVELS,
        criteria=FOLLOWING,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    alive &= (found[:, 0] > 0) & (np.linalg.norm((back - corners)[:, 0], axis=1) < BACK_PX)
    return corners[alive, 0], np.asarray(current[alive, 0], np.float32)


def _mesh_residual(track: FaceTrack) -> float | None:
    """Median rms distance of the mesh from one homography, in face widths, over about a sixth of the clip."""
    landmarks = track.meshes()
    known = np.isfinite(landmarks[:, 0, 0])
    marks = landmarks[known]
    widths = (track.boxes[:, 2] - track.boxes[:, 0])[known]
    if len(marks) < 4:
        return None
    apart = max(1, len(marks) // 6)
    found = []
    for first, last, width in zip(marks[:-apart], marks[apart:], widths[:-apart], strict=True):
        plane, _ = cv2.findHomography(first, last, 0)
        if plane is not None and width > 0:
            found.append(_rms(cv2.perspectiveTransform(first[:, None], plane)[:, 0] - last) / float(width))
    return float(np.median(found)) if found else None


def _rms(vectors: npt.NDArray[np.floating]) -> float:
    return float(np.sqrt((vectors.astype(np.float64) ** 2).sum(axis=1).mean()))
