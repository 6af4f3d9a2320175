"""The camera model for bona fide and attack alike: lens, sensor, processing and codec; blind to what it films."""

from __future__ import annotations

import io

import av
import cv2
import numpy as np

from training.simulate import texture
from training.simulate.picture import Image, Picture, carry, framed, resized, sane_box

ASPECTS = (4 / 3, 4 / 3, 16 / 9, 16 / 9, 3 / 4, 9 / 16, 1.0)
LONGEST = (320, 720)
FACE_SHARE = (0.15, 0.6)
LIKE_SHARE = 0.75
CLOSER_SHARE = 0.4
"""Share of the pictures that are cut closer to the face than they are."""
H264_SHARE = 0.25
JPEG_SHARE = 0.6
MOSAIC_SHARE = 0.4
METERING = 0.45
"""How far exposure follows the scene; 1 would make every picture equally bright."""
TARGET = (85.0, 140.0)
BAYER = (cv2.COLOR_BayerBG2BGR, cv2.COLOR_BayerBG2BGR_EA)


def frame_size(rng: np.random.Generator, like: Image | None = None) -> tuple[int, int]:
    """(width, height) px of a frame, even, of a usual aspect, mostly that of `like` where there is one."""
    aspect = float(rng.choice(ASPECTS))
    if like is not None and rng.random() < LIKE_SHARE:
        # Any other aspect would cut off the scene and leave a face without surroundings.
        aspect = float(np.clip(like.shape[1] / like.shape[0], min(ASPECTS), max(ASPECTS)))
    longest = float(rng.uniform(*LONGEST))
    width, height = (longest, longest / aspect) if aspect >= 1 else (longest * aspect, longest)
    return int(width) // 2 * 2, int(height) // 2 * 2


def film(rng: np.random.Generator, seen: Picture, severity: float) -> Picture:
    """Film the scene `seen` with the camera model.

    Args:
        severity: 0 a good camera in good light, 1 a bad one in bad light.
    """
    picture = _point(rng, seen, severity)
    image = _lens(rng, picture.image, severity)
    image = _sensor(rng, image, severity)
    image = _process(rng, image, severity)
    return Picture(_codec(rng, image, severity), picture.box)


def _point(rng: np.random.Generator, seen: Picture, severity: float) -> Picture:
    """Choose the camera's aim: a cut around the face, a slight lean, the size of its frames."""
    width, height = frame_size(rng, seen.image)
    share = float(rng.uniform(*FACE_SHARE)) if rng.random() < CLOSER_SHARE else FACE_SHARE[0]
    picture = framed(rng, seen, width / height, share)
    high, wide = picture.image.shape[:2]
    scale = min(width / wide, height / high)
    width, height = max(16, round(wide * scale)), max(16, round(high * scale))
    picture = resized(picture, width, height)
    if rng.random() < 0.5:
        middle = (width / 2, height / 2)
        turn = float(rng.normal(0, 2 + 4 * severity))
        matrix = cv2.getRotationMatrix2D(middle, turn, 1 + abs(turn) / 90)
        image = cv2.warpAffine(
            picture.image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
        box = carry(picture.box, np.vstack([matrix, [0, 0, 1]]).astype(np.float32))
        picture = Picture(np.asarray(image, np.uint8), box)
    return Picture(picture.image, sane_box(picture))


def _lens(rng: np.random.Generator, image: Image, severity: float) -> Image:
    """Softness of the lens, missed focus, motion of camera or person."""
    side = max(image.shape[:2]) / 640
    sigma = float(rng.uniform(0.2, 0.6 + 1.6 * severity)) * side
    if rng.random() < 0.15 + 0.3 * severity:
        radius = max(1, round(float(rng.uniform(0.8, 1.2 + 3.5 * severity)) * side))
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)).astype(np.float32)
        image = cv2.filter2D(image, -1, disc / disc.sum())
    elif sigma > 0.3:
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    if rng.random() < 0.1 + 0.4 * severity:
        length = max(2, round(float(rng.uniform(2, 3 + 10 * severity)) * side))
        kernel = np.zeros((2 * length + 1, 2 * length + 1), np.float32)
        angle = float(rng.uniform(0, np.pi))
        step = np.array([np.cos(angle), np.sin(angle)]) * length / 2
        ends = [tuple(int(v) for v in np.round(length + sign * step)) for sign in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA)
        image = cv2.filter2D(image, -1, kernel / kernel.sum())
    return np.asarray(image, np.uint8)


def _sensor(rng: np.random.Generator, image: Image, severity: float) -> Image:
    """Exposure, white balance, noise that grows with the root of the light, vignette, colour mosaic."""
    height, width = image.shape[:2]
    light = np.linspace(0, 1, 256, dtype=np.float32) ** 2.2
    # The camera meters: dark scenes become lighter and bright ones darker, whatever they show.
    mean = max(float(image[::8, ::8].mean()), 4.0)
    metered = METERING * 2.2 * float(np.log2(rng.uniform(*TARGET) / mean))
    stops = float(np.clip(metered, -2, 3)) + float(rng.normal(0, 0.15 + 0.4 * severity)) - 0.3 * severity
    balance = np.exp(rng.normal(0, 0.03 + 0.08 * severity, 3)).astype(np.float32)
    curve = float(np.exp(rng.normal(0, 0.06 + 0.12 * severity)))
    seen = np.clip(light[:, None] * np.float32(2**stops) * balance, 0, 1)
    image = texture.curves(image, 255 * seen ** np.float32(curve / 2.2))
    if rng.random() < 0.3 + 0.3 * severity:
        y, x = np.mgrid[-1:1:24j, -1:1:24j].astype(np.float32)
        fall = 1 - float(rng.uniform(0.03, 0.15 + 0.3 * severity)) * (x * x + y * y) / 2
        image = texture.lit(image, fall.astype(np.float32))
    # Squared: phones denoise well, and visible grain belongs to bad light.
    shot, read = rng.uniform(0, 0.0002 + 0.006 * severity**2), rng.uniform(0, 0.0004 + 0.005 * severity**2)
    # The noise of linear light, scaled by the curve's slope to the levels of the picture.
    level = np.linspace(0, 1, 256, dtype=np.float32)
    slope = np.minimum(1 / (2.2 * np.maximum(level, 0.02) ** 1.2), 12)
    spread = (255 * np.sqrt(shot * level**2.2 + read**2) * slope).astype(np.float32)
    field = texture.grain(rng, height, width)
    noise = cv2.multiply(cv2.LUT(image, spread.reshape(1, 256)), np.ascontiguousarray(field))
    image = cv2.add(image, noise, dtype=cv2.CV_8U)
    if rng.random() < 0.15 + 0.45 * severity:
        image = _chroma_noise(rng, np.asarray(image, np.uint8), severity)
    if rng.random() < MOSAIC_SHARE:
        raw = np.empty((height, width), np.uint8)
        raw[::2, ::2], raw[1::2, 1::2] = image[::2, ::2, 2], image[1::2, 1::2, 0]
        raw[::2, 1::2], raw[1::2, ::2] = image[::2, 1::2, 1], image[1::2, ::2, 1]
        image = cv2.cvtColor(raw, int(rng.choice(BAYER)))
    return np.asarray(image, np.uint8)


def _chroma_noise(rng: np.random.Generator, image: Image, severity: float) -> Image:
    """Blotches of colour, as denoisers leave them."""
    height, width = image.shape[:2]
    coarse = int(rng.integers(2, 7))
    small = texture.grain(rng, height // coarse + 2, width // coarse + 2)
    tint = (small - small.mean(2, keepdims=True)) * np.float32(rng.uniform(1, 3 + 7 * severity))
    return np.asarray(cv2.add(image, cv2.resize(tint, (width, height)), dtype=cv2.CV_8U), np.uint8)


def _process(rng: np.random.Generator, image: Image, severity: float) -> Image:
    """The camera's own processing: contrast, saturation, sharpening with halos, sometimes resized down and up."""
    height, width = image.shape[:2]
    if rng.random() < 0.2 + 0.2 * severity:
        image = cv2.medianBlur(image, 3) if rng.random() < 0.3 else cv2.blur(image, (2, 2))
    if rng.random() < 0.15 + 0.45 * severity:
        small = float(rng.uniform(0.75 - 0.45 * severity, 0.95))
        filters = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
        shrunk = cv2.resize(image, None, fx=small, fy=small, interpolation=filters[rng.integers(3)])
        image = cv2.resize(shrunk, (width, height), interpolation=filters[rng.integers(1, 3)])
    if rng.random() < 0.4:
        amount = float(rng.uniform(0.2, 1.2))
        image = cv2.addWeighted(image, 1 + amount, cv2.GaussianBlur(image, (0, 0), rng.uniform(0.8, 2)), -amount, 0)
    if rng.random() < 0.4:
        gray = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        keep = float(rng.uniform(0.7 - 0.3 * severity, 1.25))
        image = cv2.addWeighted(image, keep, gray, 1 - keep, 0)
    contrast = float(np.exp(rng.normal(0, 0.06 + 0.12 * severity)))
    return np.asarray(cv2.addWeighted(image, contrast, image, 0, 128 * (1 - contrast)), np.uint8)


def _codec(rng: np.random.Generator, image: Image, severity: float) -> Image:
    """H.264 or JPEG, sometimes both, seldom neither."""
    if rng.random() < H264_SHARE:
        image = h264(image, round(float(rng.uniform(18, 26 + 16 * severity))))
        if rng.random() < 0.7:
            return image
    if rng.random() < JPEG_SHARE:
        image = jpeg(image, round(float(rng.uniform(80 - 50 * severity, 96))))
    return image


def jpeg(image: Image, quality: int) -> Image:
    """The image after JPEG at `quality` (0..100)."""
    packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def h264(image: Image, crf: int) -> Image:
    """The image after one intra frame of H.264; odd sizes are padded, then cropped."""
    height, width = image.shape[:2]
    padded = cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    store = io.BytesIO()
    with av.open(store, "w", format="h264") as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": str(crf), "preset": "ultrafast", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = padded.shape[1], padded.shape[0], "yuv420p"
        out.mux(stream.encode(av.VideoFrame.from_ndarray(padded, format="bgr24")))
        out.mux(stream.encode(None))
    store.seek(0)
    with av.open(store, format="h264") as source:
        source.streams.video[0].thread_count = 1
        back = next(source.decode(video=0)).to_ndarray(format="bgr24")
    return np.asarray(back[:height, :width], np.uint8)
