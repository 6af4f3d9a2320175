"""Films a rendered answer: scene, camera noise, and a file that players, the engine or a browser's fake camera read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from alive402.demo.answers.head import Head
from alive402.demo.answers.person import Person, perform
from alive402.demo.clips import prepare_clips
from alive402.liveness import Challenge, model_files

Image = npt.NDArray[np.uint8]

FRAME_NUMBER = 73
"""A frame of the carphone sequence: the man looks into the camera and his mouth is nearly closed."""
CORNER, SIDES = (20, 0), (160, 120)
"""The part of that frame which is shown, px."""
SHIFT, ZOOM = 0.04, (0.92, 1.0)
"""How far a take's aim may be off, in shares of the picture; and its zoom."""
NOISE, MARGIN = 2.0, 64
"""Standard deviation of the camera's noise, gray levels; px of the noise field around the picture, so that each frame
shows another part of it."""
MJPEG_RATE, JPEG_QUALITY = 30, 5
"""Frames a second; the quantiser, 2 (best) to 31."""
SHARPNESS = 0.35
"""Of the edges of the small frame, once it is enlarged."""
PERSON = Person()


@dataclass(frozen=True, slots=True)
class Take:
    """How an answer is filmed.

    Attributes:
        size: (width, height) px, even.
        rate: frames a second.
        before: seconds of rest before the challenge's first moment.
        after: seconds of rest after its end.
        seed: of the person's times and sizes, the camera's aim and noise.
        person: how the person moves.
    """

    size: tuple[int, int] = (640, 480)
    rate: int = 30
    before: float = 0.0
    after: float = 0.0
    seed: int = 0
    person: Person = PERSON


def answer_frames(challenge: Challenge, take: Take = Take()) -> Iterator[Image]:
    """The frames of an answer, (h, w, 3) uint8 BGR: the man of the carphone sequence makes the steps.

    Raises:
        ModelsMissing: the clip or the models could not be downloaded.
    """
    rng = np.random.default_rng(take.seed)
    head = Head.of(_scene(take, rng))
    count = round((take.before + challenge.seconds + take.after) * take.rate)
    times = np.arange(count) / take.rate - take.before
    width, height = take.size
    grain = np.round(NOISE * rng.standard_normal((height + MARGIN, width + MARGIN, 3), np.float32)).astype(np.int16)
    for pose in perform(challenge, times, rng, take.person):
        top, left = rng.integers(0, MARGIN, 2)
        noise = grain[top : top + height, left : left + width]
        yield np.asarray(cv2.add(head.drawn(pose), noise, dtype=cv2.CV_8U), np.uint8)


def film_answer(challenge: Challenge, target: Path, take: Take = Take(), crf: int = 23) -> Path:
    """Write an answer to a file; its name's end says the format.

    `.mp4` is H.264, at the quality `crf`. `.mjpeg` and `.y4m` are for Chromium's fake camera
    (`--use-fake-device-for-media-stream --use-file-for-fake-video-capture=FILE`). Chromium plays the file from its
    beginning when a page opens the camera, again and again, and an `.mjpeg` always at 30 frames a second.

    Raises:
        ValueError: another format, or an `.mjpeg` of another rate.
        ModelsMissing: the clip or the models could not be downloaded.
    """
    return write_frames(answer_frames(challenge, take), target, take.rate, crf)


def write_frames(pictures: Iterable[Image], target: Path, rate: int, crf: int = 23) -> Path:
    """Write frames to a file, in the formats of `film_answer`."""
    options: dict[str, str] = {}
    if target.suffix == ".mp4":
        options, codec, pixels, container = {"crf": str(crf), "preset": "veryfast"}, "libx264", "yuv420p", "mp4"
    elif target.suffix == ".mjpeg":
        if rate != MJPEG_RATE:
            raise ValueError(f"An .mjpeg has {MJPEG_RATE} frames a second, not {rate}.")
        codec, pixels, container = "mjpeg", "yuvj420p", "mjpeg"
    elif target.suffix == ".y4m":
        codec, pixels, container = "rawvideo", "yuv420p", "yuv4mpegpipe"
    else:
        raise ValueError(f"An answer is filmed as .mp4, .mjpeg or .y4m, not as {target.suffix or target.name}.")
    with av.open(str(target), "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.pix_fmt = pixels
        if codec == "mjpeg":
            stream.codec_context.qmin = stream.codec_context.qmax = JPEG_QUALITY
        for number, picture in enumerate(pictures):
            if not number:
                stream.width, stream.height = picture.shape[1], picture.shape[0]
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        file.mux(stream.encode(None))
    return target


def _scene(take: Take, rng: np.random.Generator) -> Image:
    """The still picture that the answer is drawn from, with the take's own aim."""
    source, (width, height) = _still(), take.size
    zoom = float(rng.uniform(*ZOOM))
    wide, high = SIDES[0] * zoom, SIDES[0] * zoom * height / width
    if high > source.shape[0]:
        wide, high = wide * source.shape[0] / high, float(source.shape[0])
    middle = np.array(CORNER) + np.array(SIDES) / 2 + rng.uniform(-SHIFT, SHIFT, 2) * SIDES
    left, top = np.clip(middle - (wide / 2, high / 2), 0, (source.shape[1] - wide, source.shape[0] - high))
    scale = width / wide
    matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
    picture = cv2.warpAffine(source, matrix, take.size, flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    soft = cv2.GaussianBlur(picture, (0, 0), max(1.0, scale / 2))
    return np.asarray(cv2.addWeighted(picture, 1 + SHARPNESS, soft, -SHARPNESS, 0), np.uint8)


@cache
def _still() -> Image:
    clips = prepare_clips(model_files.cache_folder().parent / "demo")
    with av.open(str(clips.bona_fide)) as file:
        for number, frame in enumerate(file.decode(video=0)):
            if number == FRAME_NUMBER:
                return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
    raise EOFError(f"{clips.bona_fide.name} has fewer than {FRAME_NUMBER + 1} frames")
