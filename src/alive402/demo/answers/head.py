"""A head that moves: a face mesh over one picture, turned in space, with a jaw and lids.

Each frame is the picture drawn anew through the mesh, triangle by triangle from far to near, so that the nose hides the
cheek behind it. Rings of points around the face carry hair and neck; the last one stands still, as does the rest of the
picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness import FaceFinder, NoFace

Image = npt.NDArray[np.uint8]
Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]

# Points of the mesh.
OVAL: tuple[int, ...] = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377)
OVAL += (152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)
RIGHT_SIDE, LEFT_SIDE, RIGHT_EYE, LEFT_EYE = 234, 454, 33, 263
MOUTH_CORNERS = (78, 308)
UPPER_INNER, LOWER_INNER = (191, 80, 81, 82, 13, 312, 311, 310, 415), (95, 88, 178, 87, 14, 317, 402, 318, 324)
LOWER_LIP: tuple[int, ...] = (146, 91, 181, 84, 17, 314, 405, 321, 375, 77, 90, 180, 85, 16, 315, 404, 320, 307)
LOWER_LIP += (96, 89, 179, 86, 15, 316, 403, 319, 325)
UPPER_LIDS = (246, 161, 160, 159, 158, 157, 173, 466, 388, 387, 386, 385, 384, 398)
LOWER_LIDS = (7, 163, 144, 145, 153, 154, 155, 249, 390, 373, 374, 380, 381, 382)

RINGS = ((1.15, 1.0, 0.1), (1.38, 0.65, 0.3), (1.8, 0.0, 0.3))
"""Of each ring: its size in sizes of the face, its share of the head's motion, its depth behind the face's edge in
half-widths of the face."""
AXIS = 0.15
"""Depth of the axis of rotation behind the sides of the face, in half-widths of the face."""
CORNER_SHARE = 0.25
"""Share of the jaw's fall at the corners of the mouth."""
MOUTH = np.array([38.0, 26.0, 52.0], np.float32)
"""The colour inside the mouth, BGR."""
LIFT = 0.12
"""Rise of the upper lip for a fall of the jaw of 1."""
SUBPIXELS = 4
"""Binary digits of a px in which triangles are placed."""


@dataclass(frozen=True, slots=True)
class Pose:
    """A head's pose against its rest.

    Attributes:
        yaw: degrees, positive to the person's own left.
        pitch: degrees, positive upwards.
        roll: degrees, positive where the picture turns clockwise.
        mouth: opening in distances of the outer eye corners.
        lids: 0 open to 1 closed.
        x, y: shift of the head in half-widths of the face.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    mouth: float = 0.0
    lids: float = 0.0
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Head:
    """A face in a picture, ready to be moved.

    Attributes:
        picture: (h, w, 3) uint8 BGR.
        points: (n, 3) the mesh, then the rings, in half-widths of the face: to the person's left, down, and away from
            the camera, from the middle between the ears.
        frame: (2, 3) the map from the first two of these to px.
        share: (n,) share of the head's motion.
        jaw: (n,) share of the jaw's fall.
        triangles: (t, 3) int, of points, all in the same sense.
        inside: (t,) bool, triangles inside the mouth.
    """

    picture: Image
    points: Doubles
    frame: Doubles
    share: Doubles
    jaw: Doubles
    triangles: Whole
    inside: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, picture: Image) -> Head:
        """Fit a head to the largest face of a picture.

        Raises:
            NoFace: there is none.
        """
        faces, _ = _finder().search(picture, (0,))
        if not faces:
            raise NoFace("There is no face in the picture.")
        mesh = _finder().mesh.fit_solid(picture, max(faces, key=lambda face: face.area)).astype(np.float64)
        across = (mesh[LEFT_SIDE, :2] - mesh[RIGHT_SIDE, :2]) / 2
        half_width, centre = float(np.linalg.norm(across)), mesh[[LEFT_SIDE, RIGHT_SIDE]].mean(axis=0)
        axes = np.column_stack([across, [-across[1], across[0]]])
        flat = (mesh[:, :2] - centre[:2]) @ axes / half_width**2
        mesh = np.column_stack([flat, (mesh[:, 2] - centre[2]) / half_width - AXIS])
        oval = mesh[list(OVAL)]
        middle = oval.mean(axis=0) * (1, 1, 0)
        rings = [middle + (oval - middle) * (size, size, 1) + (0, 0, depth) for size, _, depth in RINGS]
        points = np.concatenate([mesh, *rings])
        share = np.concatenate([np.ones(len(mesh)), *(np.full(len(OVAL), share) for _, share, _ in RINGS)])
        jaw = _jaw(points) * share
        triangles = _triangles(points[:, :2] + np.outer(jaw, [0.0, 0.5]))
        inside = np.asarray(np.isin(triangles, (*UPPER_INNER, *LOWER_INNER, *MOUTH_CORNERS)).all(axis=1), np.bool_)
        return cls(picture, points, np.column_stack([axes, centre[:2]]), share, jaw, triangles, inside)

    def drawn(self, pose: Pose) -> Image:
        """The picture with the head in a pose."""
        moved = self._moved(pose)
        placed = self._placed(moved)
        corners, height, width = placed[self.triangles], *self.picture.shape[:2]
        one, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        seen = np.flatnonzero(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0] > 0.01)
        order = seen[np.argsort(-moved[self.triangles[seen], 2].mean(axis=1), kind="stable")]
        left, top = np.clip(np.floor(placed.min(axis=0)).astype(int), 0, None)
        right, bottom = np.clip(np.ceil(placed.max(axis=0)).astype(int) + 1, 0, (width, height))
        number = np.full((bottom - top, right - left), len(order), np.int32)
        whole = np.round((corners[order] - (left, top)) * 2**SUBPIXELS).astype(np.int32)
        for place, triangle in enumerate(whole):
            cv2.fillConvexPoly(number, triangle, place, cv2.LINE_8, SUBPIXELS)
        x, y = np.arange(left, right, dtype=np.float32), np.arange(top, bottom, dtype=np.float32)[:, None]
        across, down = (
            np.clip(
                np.take(of_x, number) * x + np.take(of_y, number) * y + np.take(shift, number),
                np.take(least, number),
                np.take(most, number),
            )
            for of_x, of_y, shift, least, most in self._maps(corners[order], order)
        )
        patch = cv2.remap(self.picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if pose.mouth > 0:
            dark = np.take(np.append(self.inside[order], False).astype(np.float32), number)
            dark = cv2.GaussianBlur(dark, (0, 0), max(0.6, width / 500))[..., None]
            patch = patch * (1 - dark) + MOUTH * dark + np.float32(0.5)
        frame = self.picture.copy()
        frame[top:bottom, left:right] = patch
        return frame

    def _moved(self, pose: Pose) -> Doubles:
        """(n, 3) half-widths: the points in a pose."""
        points = self.points.copy()
        opening = pose.mouth * float(np.linalg.norm(points[LEFT_EYE] - points[RIGHT_EYE]))
        uppers, lowers = list(UPPER_LIDS), list(LOWER_LIDS)
        points[uppers] += pose.lids * 0.9 * (points[lowers] - points[uppers])
        points[:, 1] += opening * (1 - LIFT) * self.jaw
        points[list(UPPER_INNER), 1] -= opening * LIFT
        turned = points @ _rotation(pose).T + (pose.x, pose.y, 0)
        return points + self.share[:, None] * (turned - points)

    def _placed(self, points: Doubles) -> Doubles:
        """(n, 2) px of points in half-widths."""
        return np.asarray(points[:, :2] @ self.frame[:, :2].T + self.frame[:, 2], np.float64)

    def _maps(self, corners: Doubles, order: Whole) -> Floats:
        """(2, 5, t + 1): where x and y in the picture come from, for each triangle and, last, for what stands still.

        The five are the share of the frame's x, that of its y, a shift, and the least and the largest value: a thin
        triangle's pixels may lie outside it.
        """
        source = self._placed(self.points)[self.triangles[order]]
        whole = np.concatenate([corners, np.ones((len(corners), 3, 1))], axis=2)
        edges = [source.min(axis=1, keepdims=True), source.max(axis=1, keepdims=True)]
        maps = np.concatenate([np.linalg.solve(whole, source), *edges], axis=1)
        still = [[1, 0], [0, 1], [0, 0], [-np.inf, -np.inf], [np.inf, np.inf]]
        return np.ascontiguousarray(np.concatenate([maps, [still]]).transpose(2, 1, 0), np.float32)


def _rotation(pose: Pose) -> Doubles:
    yaw, pitch, roll = np.radians([pose.yaw, pose.pitch, pose.roll])
    about_y = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x, np.float64)


def _jaw(points: Doubles) -> Doubles:
    """(n,) share of the jaw's fall: the lower lip as an arch between the corners, the skin below it, then the chin."""
    corners = points[list(MOUTH_CORNERS), :2]
    middle, half = corners.mean(axis=0), float(np.linalg.norm(corners[1] - corners[0])) / 2
    aside, below = points[:, 0] - middle[0], points[:, 1] - middle[1]
    skin = np.clip(below / 0.25, 0, 1) * np.exp(-((aside / 0.85) ** 2))
    arch = CORNER_SHARE + (1 - CORNER_SHARE) * np.clip(1 - (aside / half) ** 2, 0, 1) ** 0.5
    lip = np.zeros(len(points), bool)
    lip[[*LOWER_INNER, *LOWER_LIP]] = True
    skin = np.where(lip, np.maximum(skin, arch), skin)
    skin[list(MOUTH_CORNERS)] = CORNER_SHARE
    return np.asarray(skin, np.float64)


def _triangles(places: Doubles) -> Whole:
    """(t, 3) the Delaunay triangles of (n, 2) points, all in the same sense."""
    fine = (1000 * places).astype(np.float32)
    low, high = np.floor(fine.min(axis=0)) - 2, np.ceil(fine.max(axis=0)) + 2
    division = cv2.Subdiv2D((int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])))
    numbers: dict[tuple[float, float], int] = {}
    for number, (x, y) in enumerate(fine.tolist()):
        numbers.setdefault((x, y), number)
        division.insert((x, y))
    found = []
    for listed in np.asarray(division.getTriangleList()).reshape(-1, 3, 2).tolist():
        corners = [numbers.get((x, y)) for x, y in listed]
        if None not in corners:
            found.append(corners)
    triangles = np.asarray(found, np.int64)
    one, other = (places[triangles[:, place]] - places[triangles[:, 0]] for place in (1, 2))
    flipped = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0] < 0
    triangles[flipped] = triangles[flipped][:, ::-1]
    return triangles


@cache
def _finder() -> FaceFinder:
    return FaceFinder(1)
