"""Renders a phone replay attack: a clip shown on a hand-held phone and filmed by another camera.

The steps are those of a real re-capture: gamma of the display, its grid of red, green and blue stripes, the phone's
body and status bar, glare on the glass, movement of the hand, then lens blur, sampling (which causes the moire),
sensor noise and H.264.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

FRAME = (1280, 720)
PHONE = (1500, 780)
BEZEL = 40
RADIUS = 70
STRIPE = 3
"""Device px of one display pixel: a red, a green and a blue stripe."""
GAMMA = 1.15
NOISE = 0.012
SEED = 402


def render_replay(source: Path, target: Path, progress: Callable[[float], None] = lambda share: None) -> None:
    """Film `source` again from the screen of a phone, into `target` (H.264 MP4, 1280 x 720).

    Raises:
        OSError: `source` cannot be read or `target` not written.
    """
    rng = np.random.default_rng(SEED)
    room = _room(rng)
    glass = _glare()
    with av.open(str(source)) as shown, av.open(str(target), "w") as filmed:
        stream = shown.streams.video[0]
        total = stream.frames or 120
        rate = stream.average_rate or 30
        out = filmed.add_stream("libx264", rate=rate, options={"crf": "20", "preset": "veryfast"})
        out.width, out.height, out.pix_fmt = *FRAME, "yuv420p"
        sway = _sway(rng, total + 2)
        grain = rng.standard_normal((FRAME[1] + 64, FRAME[0] + 64, 3), np.float32) * np.float32(NOISE)
        for index, frame in enumerate(shown.decode(stream)):
            phone = _phone(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8), glass)
            picture = _film(phone, room, sway[min(index, total + 1)], _piece(grain, rng))
            filmed.mux(out.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
            progress(min(1.0, (index + 1) / total))
        filmed.mux(out.encode(None))


def _room(rng: np.random.Generator) -> Floats:
    """(720, 1280, 3) float32 in 0..1: a wall and a table with objects, out of focus."""
    width, height = FRAME
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    wall = np.array([0.62, 0.66, 0.70], np.float32) - 0.12 * rows
    picture = np.repeat(wall, width, axis=1)
    picture[int(height * 0.72) :] = (0.28, 0.38, 0.52)
    for _ in range(14):
        centre = rng.integers(0, [width, height])
        size = rng.integers(40, 200, 2)
        colour = 0.5 + 0.35 * rng.uniform(-1, 1, 3) * rng.uniform(0.2, 1)
        corner, opposite = centre - size // 2, centre + size // 2
        cv2.rectangle(picture, corner.tolist(), opposite.tolist(), colour.tolist(), -1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 9), np.float32)


def _glare() -> Floats:
    """(h, w, 1) float32 of the phone's glass: a soft band of light across it."""
    width, height = PHONE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    across = (x * 0.8 + y * 0.6) / width
    band = np.exp(-(((across - 0.42) / 0.10) ** 2))
    return np.asarray((0.16 * band + 0.03)[..., None], np.float32)


def _phone(shown: Image, glass: Floats) -> Floats:
    """(h, w, 4) float32 in 0..1, BGR and alpha: the phone, held sideways, playing the picture."""
    width, height = PHONE
    body = np.zeros((height, width, 4), np.float32)
    _rounded(body, (0, 0), (width - 1, height - 1), RADIUS, (0.05, 0.05, 0.06, 1.0))
    screen_width, screen_height = width - 2 * BEZEL, height - 2 * BEZEL
    display = np.zeros((screen_height, screen_width, 3), np.float32)
    scale = min(screen_width / shown.shape[1], screen_height / shown.shape[0])
    picture = cv2.resize(shown, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    left, top = (screen_width - picture.shape[1]) // 2, (screen_height - picture.shape[0]) // 2
    light = (picture.astype(np.float32) / 255) ** GAMMA * np.array([1.08, 1.0, 0.94], np.float32)
    display[top : top + picture.shape[0], left : left + picture.shape[1]] = light
    cv2.rectangle(display, (30, screen_height - 24), (screen_width - 30, screen_height - 20), (0.8, 0.8, 0.8), -1)
    cv2.circle(display, (screen_width // 3, screen_height - 22), 9, (0.9, 0.9, 0.9), -1)
    display *= _stripes(screen_width, screen_height)
    body[BEZEL:-BEZEL, BEZEL:-BEZEL, :3] = display
    body[..., :3] += glass * body[..., 3:]
    return body


def _stripes(width: int, height: int) -> Floats:
    """(h, w, 3) float32: the display's mask of blue, green and red stripes with dark rows between pixels."""
    mask = np.full((height, width, 3), 0.55, np.float32)
    for channel in range(3):
        mask[:, 2 - channel :: STRIPE, channel] = 1.9
    mask[::STRIPE] *= 0.7
    return mask


def _sway(rng: np.random.Generator, count: int) -> Floats:
    """(count, 4, 2) float32 px: the phone's four corners in each frame, moving smoothly as in a hand."""
    steps = rng.normal(0, 1, (count + 60, 5))
    kernel = np.hanning(31) / np.hanning(31).sum()
    smooth = np.stack([np.convolve(steps[:, k], kernel, mode="same") for k in range(5)], axis=1)[30 : 30 + count]
    dx, dy, turn, near, lean = (smooth * [26, 20, 0.035, 0.045, 14]).T
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], float) * [500, 260]
    moved = corners[None] * (1 + near[:, None, None])
    moved = moved + np.stack([np.outer(turn, -corners[:, 1]), np.outer(turn, corners[:, 0])], axis=-1)
    moved[:, :, 1] += np.outer(lean, np.sign(corners[:, 0]) * np.sign(corners[:, 1]))
    moved += np.stack([dx, dy], axis=-1)[:, None]
    return np.asarray(moved + np.array(FRAME) / 2, np.float32)


def _film(phone: Floats, room: Floats, corners: Floats, noise: Floats) -> Image:
    """(720, 1280, 3) uint8: the camera's picture of the phone in front of the room."""
    height, width = phone.shape[:2]
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = cv2.warpPerspective(phone, cv2.getPerspectiveTransform(flat, corners), FRAME, flags=cv2.INTER_LINEAR)
    light = room * (1 - seen[..., 3:]) + seen[..., :3]
    light = cv2.GaussianBlur(light, (0, 0), 0.6)
    return np.asarray(np.clip(light + noise, 0, 1) * 255, np.uint8)


def _piece(grain: Floats, rng: np.random.Generator) -> Floats:
    """Sensor noise of one frame, cut from a random place of a larger field; cheaper than new noise."""
    top, left = rng.integers(0, 64, 2)
    return grain[top : top + FRAME[1], left : left + FRAME[0]]


def _rounded(
    image: Floats, low: tuple[int, int], high: tuple[int, int], radius: int, colour: tuple[float, ...]
) -> None:
    (x1, y1), (x2, y2) = low, high
    cv2.rectangle(image, (x1 + radius, y1), (x2 - radius, y2), colour, -1)
    cv2.rectangle(image, (x1, y1 + radius), (x2, y2 - radius), colour, -1)
    for centre in ((x1 + radius, y1 + radius), (x2 - radius, y1 + radius), (x1 + radius, y2 - radius)):
        cv2.circle(image, centre, radius, colour, -1)
    cv2.circle(image, (x2 - radius, y2 - radius), radius, colour, -1)
