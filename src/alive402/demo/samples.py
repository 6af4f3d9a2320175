"""Makes the sample clips of the site from the demo's clips: of a size that browsers show well, with pictures."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from alive402.demo.clips import prepare_clips
from alive402.web import SAMPLE_FILES, finished_answer, samples_folder

LIVE_SIZE, REFILMED_SIZE = (640, 480), (854, 480)
PICTURE = (132, 99)
PICTURE_QUALITY, FACE_QUALITY = 60, 80
FACE_MARGIN = 0.5

Image = npt.NDArray[np.uint8]


def prepare_samples() -> Path:
    """Make the sample clips if they are missing, each whole or not at all; returns their folder.

    Raises:
        ModelsMissing: the source clip could not be downloaded.
        OSError: the folder cannot be written.
    """
    folder = samples_folder()
    if all((folder / name).is_file() for name in SAMPLE_FILES):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    clips = prepare_clips(folder.parent / "demo")
    live = _scaled(clips.bona_fide, folder / "live.mp4", LIVE_SIZE)
    refilmed = _scaled(clips.attack, folder / "refilmed.mp4", REFILMED_SIZE)
    for name, frames in (("live.jpg", live), ("refilmed.jpg", refilmed)):
        _picture(folder / name, cv2.resize(_middle(frames[0]), PICTURE, interpolation=cv2.INTER_AREA), PICTURE_QUALITY)
    _picture(folder / "face.jpg", _face(refilmed), FACE_QUALITY)
    return folder


def _scaled(source: Path, target: Path, size: tuple[int, int]) -> list[Image]:
    """Encode the clip in this size (H.264, for all browsers); returns its frames."""
    aside = target.with_suffix(f".{os.getpid()}.mp4")
    frames: list[Image] = []
    with av.open(str(source)) as shown, av.open(str(aside), "w", options={"movflags": "faststart"}) as made:
        stream = shown.streams.video[0]
        rate = stream.average_rate or Fraction(30)
        out = made.add_stream("libx264", rate=rate, options={"crf": "21", "preset": "medium"})
        out.width, out.height, out.pix_fmt = *size, "yuv420p"
        for frame in shown.decode(stream):
            picture = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LANCZOS4), np.uint8)
            frames.append(picture)
            made.mux(out.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        made.mux(out.encode(None))
    aside.replace(target)
    return frames


def _middle(frame: Image) -> Image:
    """The middle of the frame, in the shape of the small picture."""
    height, width = frame.shape[:2]
    wide = round(height * PICTURE[0] / PICTURE[1])
    left = max(0, (width - wide) // 2)
    return frame[:, left : left + wide]


def _face(frames: list[Image]) -> Image:
    """The frame of the finished answer that looks least alive: the face with its surroundings, marked."""
    report = finished_answer()
    least = min(report["frames"], key=lambda each: each["live_confidence"])
    frame = frames[min(len(frames) - 1, round(least["time"] * report["video"]["fps"]))].copy()
    x1, y1, x2, y2 = least["rect"]
    cv2.rectangle(frame, (x1, y1), (x2, y2), (74, 213, 255), 2)
    margin = round(FACE_MARGIN * max(x2 - x1, y2 - y1))
    return np.asarray(frame[max(0, y1 - margin) : y2 + margin, max(0, x1 - margin) : x2 + margin], np.uint8)


def _picture(path: Path, picture: Image, quality: int) -> None:
    written, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not written:
        raise OSError(f"{path.name} could not be encoded")
    aside = path.with_suffix(f".{os.getpid()}.jpg")
    aside.write_bytes(jpeg.tobytes())
    aside.replace(path)
