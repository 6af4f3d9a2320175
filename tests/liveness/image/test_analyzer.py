"""Tests of the analysis of single pictures: real frames as files, and files that are no pictures."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alive402 import UnusableVideo, analyze_image
from alive402.demo import Clips
from alive402.liveness import Analyzer
from alive402.liveness.errors import (
    Blurred,
    FaceTooSmall,
    ImageTooLarge,
    NoFace,
    Occluded,
    TooBright,
    TooDark,
    UndecodableImage,
    UnsupportedImage,
)
from alive402.liveness.image.report import SUGGESTIONS, ImageReport
from tests.conftest import Image
from tests.intake import heif_files

WRITERS = {
    "jpeg": (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 95]),
    "png": (".png", []),
    "webp": (".webp", [cv2.IMWRITE_WEBP_QUALITY, 95]),
    "bmp": (".bmp", []),
}
CODECS = {"heic": "hevc", "avif": "av1"}
KINDS = (*WRITERS, *CODECS)


def encoded(picture: Image, kind: str = "jpeg") -> bytes:
    if kind in CODECS:
        return heif_files.whole(picture, CODECS[kind])
    suffix, options = WRITERS[kind]
    return bytes(cv2.imencode(suffix, picture, options)[1])


def larger(picture: Image, times: int = 3) -> Image:
    return np.asarray(cv2.resize(picture, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.fixture(scope="session")
def face(person: list[Image]) -> Image:
    """A frame from life, 176 x 144, in which the face is 52 px wide."""
    return person[60]


def judge(analyzer: Analyzer, folder: Path, data: bytes) -> ImageReport:
    path = folder / "picture"
    path.write_bytes(data)
    return analyzer.analyze_image(path).report


@pytest.mark.parametrize("kind", KINDS)
def test_person_is_live_in_each_format(analyzer: Analyzer, face: Image, tmp_path: Path, kind: str) -> None:
    report = judge(analyzer, tmp_path, encoded(face, kind))
    assert (report.verdict, report.attack_type, report.image.format) == ("live", None, kind)
    assert (report.image.width, report.image.height) == (176, 144)
    assert len(report.faces) == 1


def test_frame_of_a_phone_replay_is_not_live(clips: Clips, tmp_path: Path) -> None:
    with av.open(str(clips.attack)) as file:
        frame = next(file.decode(video=0)).to_ndarray(format="bgr24")
    path = tmp_path / "attack.jpg"
    path.write_bytes(encoded(np.asarray(frame, np.uint8)))
    report = analyze_image(path)
    assert (report.verdict, report.attack_type) == ("spoof", "screen_replay")
    assert report.to_alibaba()["Results"][0]["Label"] == "liveness"


def test_report_is_complete_json(analyzer: Analyzer, face: Image, tmp_path: Path) -> None:
    report = judge(analyzer, tmp_path, encoded(face))
    told = json.loads(json.dumps(report.to_dict()))
    assert set(told) == {
        *("verdict", "live_confidence", "threshold", "attack_type", "reasons", "faces"),
        *("quality", "image", "engine", "timing"),
    }
    # One look says less than a clip: no picture is as sure as a good video.
    assert told["threshold"] < told["live_confidence"] < 1
    element = report.to_alibaba()
    (result,) = element["Results"]
    left, top, right, bottom = report.faces[0].rect
    assert element["FaceNumber"] == 1
    assert result["Rect"] == {"Left": left, "Top": top, "Width": right - left, "Height": bottom - top}
    assert (result["Label"], result["Suggestion"]) == ("normal", "pass")
    assert result["Rate"] == pytest.approx(100 * report.live_confidence, abs=0.01)


@pytest.mark.parametrize("verdict", SUGGESTIONS)
def test_alibaba_label_and_rate_match_the_verdict(
    analyzer: Analyzer, face: Image, tmp_path: Path, verdict: str
) -> None:
    report = judge(analyzer, tmp_path, encoded(face))
    for confidence in (0.04, 0.49, 0.5, 0.93):
        told = replace(report, verdict=verdict, live_confidence=confidence).to_alibaba()["Results"][0]  # type: ignore[arg-type]
        assert told["Label"] == ("normal" if confidence >= 0.5 else "liveness")
        assert told["Rate"] == pytest.approx(100 * max(confidence, 1 - confidence))
        assert told["Suggestion"] == SUGGESTIONS[verdict]  # type: ignore[index]


def turned(data: bytes, orientation: int) -> bytes:
    """The JPEG with an EXIF orientation."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01" + entry + b"\0\0\0\0"
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


@pytest.mark.parametrize(("orientation", "stored"), [(3, cv2.ROTATE_180), (6, cv2.ROTATE_90_COUNTERCLOCKWISE)])
def test_exif_orientation_turns_the_picture(
    analyzer: Analyzer, face: Image, tmp_path: Path, orientation: int, stored: int
) -> None:
    upright = judge(analyzer, tmp_path, encoded(face))
    data = turned(encoded(np.asarray(cv2.rotate(face, stored), np.uint8)), orientation)
    report = judge(analyzer, tmp_path, data)
    assert (report.image.width, report.image.height) == (176, 144)
    assert np.abs(np.subtract(report.faces[0].rect, upright.faces[0].rect)).max() <= 6


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("kind", ["jpeg", "heic"])
def test_face_is_judged_in_any_rotation(
    analyzer: Analyzer, face: Image, tmp_path: Path, kind: str, quarters: int
) -> None:
    """The judged look is turned upright, and the box refers to the picture as sent."""
    path = tmp_path / "picture"
    path.write_bytes(encoded(face, "png"))
    upright = analyzer.analyze_image(path)
    path.write_bytes(encoded(np.ascontiguousarray(np.rot90(face, quarters)), kind))
    turned = analyzer.analyze_image(path)
    assert turned.report.verdict == "live"
    assert abs(turned.report.live_confidence - upright.report.live_confidence) < 0.15
    assert np.corrcoef(turned.sample.mid.ravel(), upright.sample.mid.ravel())[0, 1] > 0.85
    where = np.zeros(face.shape[:2])
    left, top, right, bottom = upright.report.faces[0].rect
    where[top:bottom, left:right] = 1
    rows, columns = np.nonzero(np.rot90(where, quarters))
    expected = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    assert np.abs(np.subtract(turned.report.faces[0].rect, expected)).max() <= 6


def test_boxes_are_in_px_of_the_sent_picture(analyzer: Analyzer, face: Image, tmp_path: Path) -> None:
    small = judge(analyzer, tmp_path, encoded(face))
    large = judge(analyzer, tmp_path, encoded(larger(face, 16)))
    assert (large.image.width, large.image.height) == (2816, 2304)
    assert np.abs(np.subtract(large.faces[0].rect, np.multiply(small.faces[0].rect, 16))).max() <= 16 * 6
    assert large.verdict == "live"


def test_several_faces_give_a_warning_and_the_largest_is_judged(
    analyzer: Analyzer, face: Image, tmp_path: Path
) -> None:
    near = larger(face)
    far = np.zeros_like(near)
    far[: face.shape[0] * 2, : face.shape[1] * 2] = larger(face, 2)
    report = judge(analyzer, tmp_path, encoded(np.hstack([far, near])))
    assert len(report.faces) == report.to_alibaba()["FaceNumber"] == 2
    assert report.faces[0].rect[0] > near.shape[1]
    assert "several_faces" in {warning.code for warning in report.quality.warnings}


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def jpeg_that_claims(data: bytes, width: int, height: int) -> bytes:
    at = data.index(b"\xff\xc0")
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


WEBP = b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0"
FACE = np.full((128, 128, 3), 90, np.uint8)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", UnsupportedImage),
        (b"BM but a letter", UnsupportedImage),
        (b"GIF89a" + bytes(100), UnsupportedImage),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", UnsupportedImage),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", UnsupportedImage),
        (b"\0\0\0\x18ftypheic" + bytes(100), UndecodableImage),
        (b"\0\0\0\x18ftypmsf1" + bytes(100), UnsupportedImage),
        (b"II\x2a\0" + bytes(100), UnsupportedImage),
        (WEBP + b"\x02\0\0\0\x7f\0\0\x7f\0\0", UnsupportedImage),
        (WEBP + b"\0\0\0\0\xff\xff\xff\xff\xff\xff", ImageTooLarge),
        (b"BM" + bytes(12) + struct.pack("<Iii", 40, 2**30, -(2**30)) + bytes(40), ImageTooLarge),
        (png_that_claims(2**31 - 1, 2**31 - 1), ImageTooLarge),
        (jpeg_that_claims(encoded(FACE), 65_500, 65_500), ImageTooLarge),
        (png_that_claims(300, 300), UndecodableImage),
        (png_that_claims(0, 300), UndecodableImage),
        (encoded(FACE[:40]), UndecodableImage),
        (encoded(FACE)[:200], UndecodableImage),
        (b"\xff\xd8\xff\xd9", UndecodableImage),
        (b"\xff\xd8\xff\xe0", UndecodableImage),
        (b"BM" + bytes(12) + struct.pack("<I", 40), UndecodableImage),
        (encoded(FACE), NoFace),
    ],
)
def test_file_without_a_usable_picture_has_an_error(
    analyzer: Analyzer, tmp_path: Path, data: bytes, error: type[UnusableVideo]
) -> None:
    with pytest.raises(error) as told:
        judge(analyzer, tmp_path, data)
    assert "video" not in told.value.message


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda face: face // 12, TooDark),
        (lambda face: np.clip(face.astype(int) + 235, 0, 255).astype(np.uint8), (TooBright, NoFace)),
        (lambda face: cv2.GaussianBlur(face, (0, 0), 12), (Blurred, NoFace)),
        (lambda face: face[:, face.shape[1] // 2 :], (Occluded, NoFace)),
        (lambda face: cv2.copyMakeBorder(face, 900, 900, 900, 900, cv2.BORDER_CONSTANT), (FaceTooSmall, NoFace)),
    ],
)
def test_unusable_face_has_an_error(
    analyzer: Analyzer, face: Image, tmp_path: Path, spoil: object, error: type[UnusableVideo]
) -> None:
    spoiled = np.ascontiguousarray(spoil(face))  # type: ignore[operator]
    with pytest.raises(error) as told:
        judge(analyzer, tmp_path, encoded(np.asarray(spoiled, np.uint8)))
    assert "video" not in told.value.message


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from(sorted(KINDS)))
def test_damaged_picture_is_judged_or_refused(
    analyzer: Analyzer, face: Image, tmp_path: Path, data: st.DataObject, kind: str
) -> None:
    """Random bytes are changed and cut off; the result is a report or a known error."""
    whole = bytearray(encoded(face, kind))
    for place in data.draw(st.lists(st.integers(0, min(600, len(whole) - 1)), max_size=8)):
        whole[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(whole)))
    path = tmp_path / "damaged"
    path.write_bytes(bytes(whole[:cut]))
    told = None
    try:
        report = analyzer.analyze_image(path).report
    except UnusableVideo as error:
        told = error.status
    assert told in {413, 415, 422} if told else 0 <= report.live_confidence <= 1
