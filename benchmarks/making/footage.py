"""Footage: a clip's decoded frames with its times and the face in each; read from a file, written in any encoding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness import VideoFile
from alive402.liveness.faces import FaceFinder
from alive402.liveness.faces.mesh import POINTS

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Boxes = npt.NDArray[np.float32]

SECONDS, LONGEST, RATE = 4.0, 640, 30.0
"""Footage is limited to these: seconds, px of the longest side, frames a second. They bound a benchmark's time."""
LOOKS_PER_SECOND = 8.0
TURNS = (0, 90, 270, 180)
TIME_BASE = 1000
SOUND_RATE = 44_100
SOUND_FRAME = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """n frames of one size.

    Attributes:
        frames: n pictures, (h, w, 3) uint8 BGR, upright.
        times: (n,) float64, seconds from the first frame, ascending.
        boxes: (n, 4) float32, x1 y1 x2 y2 px of the largest face, forehead to chin; NaN without a face.
        marks: (n, 468, 2) float32, px of its mesh; NaN without a face.
    """

    frames: tuple[Image, ...]
    times: Floats
    boxes: Boxes
    marks: Boxes

    @classmethod
    def of(cls, frames: Sequence[Image], rate: float = RATE) -> Footage:
        """From frames without a known face."""
        count = len(frames)
        nowhere = np.full((count, 4), np.nan, np.float32), np.full((count, POINTS, 2), np.nan, np.float32)
        return cls(tuple(frames), np.arange(count) / rate, *nowhere)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        return self.frames[0].shape[1], self.frames[0].shape[0]

    @property
    def box(self) -> Boxes:
        """(4,) float32: the median box of the face; the middle of the picture if no face was found."""
        if np.isnan(self.boxes).all():
            width, height = self.size
            return np.array([0.35 * width, 0.25 * height, 0.65 * width, 0.75 * height], np.float32)
        return np.asarray(np.nanmedian(self.boxes, axis=0), np.float32)

    def each(self, change: Callable[[Image, int], Image]) -> Footage:
        """Change every frame by `change(frame, place)`."""
        return replace(self, frames=tuple(change(frame, place) for place, frame in enumerate(self.frames)))

    def at(self, places: Sequence[int] | npt.NDArray[np.int64], times: Floats | None = None) -> Footage:
        """The footage with the frames at these places, at their own times or others."""
        chosen = np.asarray(places, np.int64)
        times = self.times[chosen] if times is None else times
        return Footage(tuple(self.frames[place] for place in chosen), times, self.boxes[chosen], self.marks[chosen])

    def person(self, place: int) -> npt.NDArray[np.float32]:
        """(h, w) float32, 0..1 with soft edges: approximate area of head and shoulders, from the face's box."""
        width, height = self.size
        x1, y1, x2, y2 = self.box if np.isnan(self.boxes[place]).any() else self.boxes[place]
        wide, high, middle = float(x2 - x1), float(y2 - y1), float(x1 + x2) / 2
        mask = np.zeros((height, width), np.uint8)
        head = (round(middle), round(y1 + 0.42 * high)), (round(0.6 * wide), round(0.74 * high))
        cv2.ellipse(mask, *head, 0, 0, 360, 255, -1)
        body, reach = (round(middle), round(y2 + 1.75 * high)), (round(1.55 * wide), round(1.65 * high))
        cv2.ellipse(mask, body, reach, 0, 0, 360, 255, -1)
        if body[1] < height:
            cv2.rectangle(mask, (body[0] - reach[0], body[1]), (body[0] + reach[0], height), 255, -1)
        soft = cv2.GaussianBlur(mask, (0, 0), max(0.04 * wide, 1.0))
        return np.asarray(soft, np.float32) / np.float32(255)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How footage becomes a file.

    Attributes:
        codec, options: encoder of FFmpeg and its options.
        suffix: of the file; it chooses the container.
        pixels: FFmpeg's pixel format.
        rotation: degrees, counter-clockwise, by which a player turns the stored picture.
        mirrored: a player mirrors the stored picture left to right.
        aspect: width of a stored pixel through its height.
        sound: a tone as second track.
    """

    codec: str = "libx264"
    options: dict[str, str] = field(default_factory=lambda: {"preset": "superfast", "crf": "20"})
    suffix: str = ".mp4"
    pixels: str = "yuv420p"
    rotation: int = 0
    mirrored: bool = False
    aspect: Fraction = Fraction(1)
    sound: bool = False


def read(path: Path, finder: FaceFinder | None, seconds: float = SECONDS) -> Footage:
    """Read the first `seconds` of a file, at most 640 px and 30 frames a second; faces only with a finder.

    Raises:
        UnusableVideo: no frame can be decoded.
        OSError: the file cannot be opened.
    """
    frames: list[Image] = []
    times: list[float] = []
    with VideoFile(path) as file:
        for frame in file:
            if frame.time > seconds:
                break
            if not times or frame.time - times[-1] >= 0.9 / RATE:
                frames.append(even(frame.small(LONGEST)))
                times.append(frame.time)
    plain = replace(Footage.of(frames), times=np.array(times))
    return located(plain, finder) if finder else plain


def located(footage: Footage, finder: FaceFinder) -> Footage:
    """The footage with the largest face of each frame, found 8 times a second and interpolated between."""
    seen: list[float] = []
    found: list[npt.NDArray[np.float32]] = []
    due = 0.0
    for frame, time in zip(footage.frames, footage.times, strict=True):
        if time + 1e-6 < due:
            continue
        due = time + 1 / LOOKS_PER_SECOND
        faces, _ = finder.search(frame, TURNS)
        if faces:
            face = max(faces, key=lambda one: one.area)
            seen.append(float(time))
            found.append(np.concatenate([face.box, finder.mesh.fit(frame, face).ravel()]))
    if not seen:
        return footage
    values = np.stack(found)
    between = np.stack([np.interp(footage.times, seen, column) for column in values.T], axis=1).astype(np.float32)
    return replace(footage, boxes=between[:, :4], marks=between[:, 4:].reshape(-1, POINTS, 2))


def write(timed: Iterable[tuple[float, Image]], path: Path, encoding: Encoding = Encoding()) -> None:
    """Write frames ((seconds, (h, w, 3) uint8 BGR), all of one size) with their own times; odd sides lose a pixel."""
    with av.open(str(path), "w") as file:
        stream, last = None, 0.0
        for time, image in timed:
            picture = even(image)
            if stream is None:
                stream = _stream(file, picture.shape[1], picture.shape[0], encoding)
                sound = file.add_stream("aac", rate=SOUND_RATE) if encoding.sound else None
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")
            frame.pts, frame.time_base = round(time * TIME_BASE), Fraction(1, TIME_BASE)
            file.mux(stream.encode(frame))
            last = time
        if stream is None:
            return
        file.mux(stream.encode(None))
        if sound is not None:
            _tone(file, sound, last)


def save(footage: Footage, path: Path, encoding: Encoding = Encoding()) -> None:
    """Write footage to `path`, whose suffix chooses the container."""
    write(zip(footage.times.tolist(), footage.frames, strict=True), path, encoding)


def even(image: Image) -> Image:
    """Crop the last row or column if their number is odd, because codecs store pairs."""
    height, width = (side // 2 * 2 for side in image.shape[:2])
    return image if image.shape[:2] == (height, width) else np.ascontiguousarray(image[:height, :width])


def shrunk(image: Image, longest: int = LONGEST) -> Image:
    """The picture with its longest side at most `longest` px."""
    scale = longest / max(image.shape[:2])
    if scale >= 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def far_out_of_focus(image: Image, sigma: float) -> Image:
    """A wide Gaussian blur of `sigma` px, made on a smaller picture: much faster and visually equal."""
    scale = max(1.0, sigma / 3)
    height, width = image.shape[:2]
    size = max(round(width / scale), 1), max(round(height / scale), 1)
    small = cv2.GaussianBlur(cv2.resize(image, size, interpolation=cv2.INTER_AREA), (0, 0), sigma / scale)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _stream(
    file: av.container.OutputContainer, width: int, height: int, encoding: Encoding
) -> av.video.stream.VideoStream:
    stream: av.video.stream.VideoStream = file.add_stream(encoding.codec, rate=30, options=dict(encoding.options))
    stream.width, stream.height, stream.pix_fmt = width, height, encoding.pixels
    stream.codec_context.time_base = Fraction(1, TIME_BASE)
    stream.codec_context.thread_count = 1
    if encoding.aspect != 1:
        stream.codec_context.sample_aspect_ratio = encoding.aspect
    if encoding.rotation or encoding.mirrored:
        stream.set_display_rotation(encoding.rotation, hflip=encoding.mirrored)
    return stream


def _tone(file: av.container.OutputContainer, stream: av.audio.stream.AudioStream, seconds: float) -> None:
    count = max(int(seconds * SOUND_RATE) // SOUND_FRAME, 1)
    for place in range(count):
        at = np.arange(place * SOUND_FRAME, (place + 1) * SOUND_FRAME) / SOUND_RATE
        wave = (0.1 * np.sin(2 * np.pi * 220 * at)).astype(np.float32)[None]
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = SOUND_RATE, place * SOUND_FRAME
        file.mux(stream.encode(frame))
    file.mux(stream.encode(None))
