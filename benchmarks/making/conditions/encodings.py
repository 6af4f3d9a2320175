"""Conditions of the file: codecs, sizes, frame rates, a sound track."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from benchmarks.making.conditions.condition import Alter, Condition, unchanged
from benchmarks.making.footage import Encoding, Footage, Image


def resized(scale: float = 1.0, wide: float = 1.0, high: float = 1.0) -> Alter:
    """Both sides scaled by `scale`, and each by its own factor."""

    def alter(footage: Footage, rng: np.random.Generator) -> Footage:
        return footage.each(lambda frame, _: _resized(frame, scale * wide, scale * high))

    return alter


def short_side(pixels: int) -> Alter:
    """The shorter side at most this many px."""

    def alter(footage: Footage, rng: np.random.Generator) -> Footage:
        scale = min(1.0, pixels / min(footage.size))
        return footage.each(lambda frame, _: _resized(frame, scale, scale))

    return alter


def shrunk_and_enlarged(footage: Footage, rng: np.random.Generator) -> Footage:
    """Shrunk to half the size, then enlarged again."""

    def change(frame: Image, _: int) -> Image:
        small = _resized(frame, 0.5, 0.5)
        return np.asarray(cv2.resize(small, frame.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.uint8)

    return footage.each(change)


def thinned(rate: float) -> Alter:
    """At most `rate` frames a second."""

    def alter(footage: Footage, rng: np.random.Generator) -> Footage:
        kept, due = [], 0.0
        for place, time in enumerate(footage.times):
            if time + 1e-3 >= due:
                kept.append(place)
                due = max(due + 1 / rate, time + 0.5 / rate)
        return footage.at(kept)

    return alter


def irregular(footage: Footage, rng: np.random.Generator) -> Footage:
    """A variable frame rate: four of ten frames lost, the others at their own times."""
    kept = np.flatnonzero(rng.random(len(footage.frames)) >= 0.4)
    return footage.at(np.union1d(kept, [0]))


def repeated(footage: Footage, rng: np.random.Generator) -> Footage:
    """A webcam that delivers every second frame twice."""
    return footage.at(np.arange(len(footage.frames)) // 2 * 2, footage.times)


def interlaced(footage: Footage, rng: np.random.Generator) -> Footage:
    """Every second row is from the next frame, as when fields are woven together."""

    def change(frame: Image, place: int) -> Image:
        seen = frame.copy()
        seen[1::2] = footage.frames[min(place + 1, len(footage.frames) - 1)][1::2]
        return seen

    return footage.each(change)


def jpeg(quality: int) -> Alter:
    """Each frame compressed as JPEG."""

    def change(frame: Image, _: int) -> Image:
        _, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)

    return lambda footage, rng: footage.each(change)


def _resized(frame: Image, wide: float, high: float) -> Image:
    method = cv2.INTER_AREA if min(wide, high) < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(frame, None, fx=wide, fy=high, interpolation=method), np.uint8)


def _h264(crf: int) -> Encoding:
    # With x264's macroblock tree, the same frames become another file each time (sides that are no multiple of 16).
    return Encoding(options={"preset": "veryfast", "crf": str(crf), "mbtree": "0"})


MJPEG = Encoding("mjpeg", {"qmin": "8", "qmax": "8"}, ".mov", "yuvj420p")
VP8 = Encoding("libvpx", {"deadline": "realtime", "cpu-used": "8", "b": "500k"}, ".webm")
MPEG4 = Encoding("mpeg4", {"qmin": "9", "qmax": "9"})
HEVC = Encoding("libx265", {"preset": "ultrafast", "crf": "32", "x265-params": "log-level=error:pools=1"})

ENCODINGS = (
    Condition("H.264 at CRF 35", "Strongly compressed.", "encoding", unchanged, _h264(35)),
    Condition("H.264 at CRF 40", "Compressed to blocks.", "encoding", unchanged, _h264(40)),
    Condition("H.264 at CRF 45", "Hardly more than blocks.", "encoding", unchanged, _h264(45)),
    Condition("HEVC at CRF 32", "H.265, as new phones write it, strongly compressed.", "encoding", unchanged, HEVC),
    Condition("VP8 at 500 kbit/s", "As a browser records.", "encoding", unchanged, VP8),
    Condition("MPEG-4", "An old phone's codec, quantizer 9.", "encoding", unchanged, MPEG4),
    Condition("Motion JPEG", "A webcam's codec, quantizer 8.", "encoding", unchanged, MJPEG),
    Condition("JPEG twice", "Each frame through JPEG of quality 40 first.", "encoding", jpeg(40)),
    Condition("half the size", "Half as many px on each side.", "encoding", resized(0.5)),
    Condition("240 px", "The shorter side 240 px.", "encoding", short_side(240)),
    Condition("shrunk and enlarged", "Half the size and back again.", "encoding", shrunk_and_enlarged),
    Condition("sent by a messenger", "Shorter side 360 px, CRF 30.", "encoding", short_side(360), _h264(30)),
    Condition("squeezed", "Three quarters as wide, and nothing says so.", "encoding", resized(wide=0.75)),
    Condition("stretched", "A third wider, and nothing says so.", "encoding", resized(wide=1.33)),
    Condition("interlaced", "Every second row is from the next frame.", "encoding", interlaced),
    Condition("with sound", "A second track with a tone.", "encoding", unchanged, replace(Encoding(), sound=True)),
    Condition("10 frames a second", "Frames left out.", "time", thinned(10)),
    Condition("5 frames a second", "Frames left out.", "time", thinned(5)),
    Condition("variable frame rate", "Four of ten frames lost, at random.", "time", irregular),
    Condition("frames repeated", "Every second frame in place of two.", "time", repeated),
)
