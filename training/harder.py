"""Alterations that leave less of the scene, or little light: for the fusion, and for every second training run."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.faces.samples import VIEW_SIDE
from training.alterations import Alteration, Floats, Image, Look, Rng, masked


def close(rng: Rng, look: Look) -> Look:
    """The face fills the frame: both views end where the frame does, as `crop_around` cuts them then."""
    times, off = float(rng.uniform(1.05, 1.6)), rng.uniform(-0.15, 0.15, 2)
    sources = list(zip(look.views, look.faces, strict=True))
    sizes = [float((face[2:] - face[:2]).max()) for _, face in sources]
    # The smallest view that holds the whole crop has the most detail of it.
    view, face = next((one for one, size in zip(sources, sizes, strict=True) if size * times <= 1), sources[-1])
    centre, half = (face[:2] + face[2:]) / 2, np.minimum((face[2:] - face[:2]) * times / 2, 0.5)
    centre = np.clip(centre + off * (face[2:] - face[:2]), half, 1 - half)
    (left, top), (right, bottom) = centre - half, centre + half
    high, wide = view.shape[:2]
    cut = view[round(top * high) : round(bottom * high), round(left * wide) : round(right * wide)]
    seen = np.asarray(cv2.resize(cut, (VIEW_SIDE, VIEW_SIDE), interpolation=cv2.INTER_CUBIC), np.uint8)
    inside = (face.reshape(2, 2) - [left, top]) / (2 * half)
    both = np.clip(np.tile(inside.reshape(1, 4), (2, 1)), 0, 1).astype(np.float32)
    return Look((seen, seen.copy()), both)


def backlit(rng: Rng, look: Look) -> Look:
    """A window or a lamp behind the person: the surroundings bright or burnt out, the person dark."""
    dark, bright, haze = float(rng.uniform(0.3, 0.8)), float(rng.uniform(1.1, 2.0)), float(rng.uniform(0, 60))
    dimmed = look.each(lambda view, zoom: view * np.float32(dark))
    feather = float(rng.uniform(1.0, 4.0))
    views = []
    for view, dim, face in zip(look.views, dimmed.views, look.faces, strict=True):
        mask = _behind(view, face, feather)[..., None]
        views.append(np.clip((view * bright + haze) * mask + dim * (1 - mask), 0, 255).astype(np.uint8))
    return Look((views[0], views[1]), look.faces)


def night(rng: Rng, look: Look) -> Look:
    """Little light, and the noise that a sensor then has: read noise and shot noise."""
    light, read, shot = float(rng.uniform(0.15, 0.5)), float(rng.uniform(2, 7)), float(rng.uniform(0.2, 1.2))
    lift = float(rng.choice([1.0, 1.0, rng.uniform(1.2, 2.0)]))

    def change(view: Image, zoom: float) -> npt.NDArray[np.generic]:
        left = view.astype(np.float32) * np.float32(light)
        # A view is shrunk from a frame: its noise is that of the frame, averaged.
        grain = rng.standard_normal(view.shape, np.float32) * np.sqrt(read**2 + shot * left)
        return np.asarray((left + grain) * np.float32(lift))

    return look.each(change)


def window(rng: Rng, look: Look) -> Look:
    """The round, oval or rounded window of an app: a plain colour around it."""
    level = float(rng.choice([rng.uniform(0, 60), rng.uniform(215, 255), rng.uniform(60, 215)]))
    colour = np.clip(level + rng.normal(0, 12, 3), 0, 255).astype(np.float32)
    reach = rng.uniform(0.7, 1.3) * np.array([1.0, float(rng.choice([1.0, 1.3]))])
    corners = bool(rng.random() < 0.25)

    def outside(view: Image, face: Floats) -> Floats:
        size = view.shape[0]
        mask = np.ones((size, size), np.float32)
        middle = ((face[:2] + face[2:]) / 2 * size).round().astype(int).tolist()
        half = np.maximum(reach * float((face[2:] - face[:2]).max()) * size, 4).round().astype(int)
        if corners:
            first, last = (np.array(middle) - half).tolist(), (np.array(middle) + half).tolist()
            cv2.rectangle(mask, first, last, 0.0, -1)
        else:
            cv2.ellipse(mask, middle, half.tolist(), 0, 0, 360, 0.0, -1, cv2.LINE_AA)
        return mask

    return masked(look, lambda view: np.broadcast_to(colour, view.shape).astype(np.float32), outside)


def room(rng: Rng, look: Look) -> Look:
    """A drawn room behind the person, as a meeting's program puts it there; sharper than `background` does it."""
    drawn, feather, shape = _room(rng), float(rng.uniform(0.8, 4)), float(rng.uniform(0.85, 1.1))

    def paint(view: Image) -> npt.NDArray[np.generic]:
        return np.asarray(cv2.resize(drawn, view.shape[1::-1], interpolation=cv2.INTER_LINEAR))

    return masked(look, paint, lambda view, face: _behind(view, face, feather, shape))


def _room(rng: Rng) -> Image:
    """(160, 160, 3) uint8: a drawn room or a picture's colours: smooth patches, then boards, frames and lamps."""
    cells = rng.integers(2, 7, 2)
    plain = rng.integers(20, 235, (int(cells[0]), int(cells[1]), 3)).astype(np.uint8)
    room = np.asarray(cv2.resize(plain, (160, 160), interpolation=cv2.INTER_CUBIC), np.uint8)
    if rng.random() < 0.3:
        room[:] = rng.integers(0, 256, 3)
    for _ in range(int(rng.integers(0, 14))):
        (x1, y1), size = rng.integers(-20, 160, 2).tolist(), rng.integers(4, 90, 2).tolist()
        colour = rng.integers(0, 256, 3).tolist()
        thick = -1 if rng.random() < 0.6 else int(rng.integers(1, 5))
        if rng.random() < 0.75:
            cv2.rectangle(room, (x1, y1), (x1 + size[0], y1 + size[1]), colour, thick)
        else:
            cv2.circle(room, (x1, y1), size[0] // 2, colour, thick)
    soft = float(rng.uniform(0, 3))
    return np.asarray(cv2.GaussianBlur(room, (0, 0), soft), np.uint8) if soft > 0.4 else room


def _behind(view: Image, face: Floats, feather: float, shape: float = 1.0) -> Floats:
    """(h, h) float32: 1 behind head and shoulders, 0 on them; `shape` scales them, `feather` in px of 128."""
    size = view.shape[0]
    mask = np.zeros((size, size), np.float32)
    (x1, y1), (x2, y2) = face[:2] * size, face[2:] * size
    wide, high = x2 - x1, y2 - y1
    middle = (round((x1 + x2) / 2), round((y1 + y2) / 2 - 0.08 * high))
    cv2.ellipse(mask, middle, (round(0.68 * shape * wide), round(0.78 * shape * high)), 0, 0, 360, 1.0, -1)
    body = np.array([[-0.35, 1.02], [0.5, 0.75], [1.35, 1.02], [1.8, 2.2], [1.8, 6], [-0.8, 6], [-0.8, 2.2]])
    body[:, 0] = 0.5 + (body[:, 0] - 0.5) * shape
    cv2.fillPoly(mask, [(body * [wide, high] + [x1, y1]).round().astype(np.int32)], 1.0)
    return np.asarray(1 - cv2.GaussianBlur(mask, (0, 0), feather * size / 128), np.float32)


HARDER: dict[str, Alteration] = {"close": close, "backlit": backlit, "night": night, "window": window, "room": room}
