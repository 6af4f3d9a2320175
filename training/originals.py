"""Gathers the originals: every permitted picture and clip of a folder, with faces, each person in one split only."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness import UnusableVideo, VideoFile
from alive402.liveness.faces import FaceFinder

Image = npt.NDArray[np.uint8]

LONGEST = 960
FRAMES_A_CLIP = 10
HELD_OUT_TENTHS = 1
LEAST_FACE = 40.0
ALIKE_BITS = 5
JPEG_QUALITY = 96
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}

# Permitted uses of each `kind` in a manifest. Direct photographs of things are used as rooms, and as pictures for the
# teacher.
BONA_FIDE = {"bonafide_image", "bonafide_video"}
CONTENT_ONLY = {"synthetic_image"}
"""Kinds that are shown in attacks, but never labelled bona fide."""


@dataclass(frozen=True, slots=True)
class Original:
    """A picture on disk. `box` is the face (x1 y1 x2 y2 in px), or None; `held_out` ones never train."""

    file: Path
    kind: str
    source: str
    group: str
    box: tuple[float, float, float, float] | None
    held_out: bool

    def read(self) -> Image:
        """(h, w, 3) uint8 BGR."""
        return np.asarray(cv2.imread(str(self.file), cv2.IMREAD_COLOR), np.uint8)


def gather(folders: list[Path], work: Path) -> list[Original]:
    """Gather every usable picture of the folders (each with a `manifest.csv`: file, kind, source, subject) in `work`.

    This is done once; a second call reads the result of the first. People, sources without people and near-duplicates
    stay within one split.
    """
    index = work / "originals.csv"
    if not index.exists():
        (work / "originals").mkdir(parents=True, exist_ok=True)
        rows = list(_without_twins(list(_find(folders, work / "originals"))))
        with index.with_suffix(".part").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["file", "kind", "source", "group", "box", "held_out"])
            for one in rows:
                box = " ".join(f"{side:.1f}" for side in one.box) if one.box else ""
                writer.writerow([one.file.name, one.kind, one.source, one.group, box, int(one.held_out)])
        index.with_suffix(".part").replace(index)
    with index.open() as file:
        return [_original(row, work / "originals") for row in csv.DictReader(file)]


def _original(row: dict[str, str], folder: Path) -> Original:
    sides = [float(side) for side in row["box"].split()]
    box = (sides[0], sides[1], sides[2], sides[3]) if sides else None
    return Original(folder / row["file"], row["kind"], row["source"], row["group"], box, row["held_out"] == "1")


def _find(folders: list[Path], target: Path) -> Iterator[Original]:
    finder = FaceFinder()
    for folder in folders:
        entries = list(csv.DictReader((folder / "manifest.csv").open()))
        for place, row in enumerate(entries):
            if place % 100 == 0:
                print(f"  {folder.name}: {place} of {len(entries)}", flush=True)
            group = row.get("subject") or row["source"]
            for number, image in enumerate(_pictures(folder / row["file"])):
                image = _bounded(image)
                box = _face(finder, image)
                if box is None and row["kind"] in BONA_FIDE | CONTENT_ONLY:
                    continue
                file = target / f"{folder.name}-{Path(row['file']).stem}-{number}.jpg"
                cv2.imwrite(str(file), image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
                yield Original(file, row["kind"], row["source"], group, box, _held_out(group))


def _pictures(path: Path) -> Iterator[Image]:
    """Yield the picture itself, or frames spread over the clip."""
    if path.suffix.lower() in PICTURES:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is not None:
            yield np.asarray(image, np.uint8)
        return
    try:
        with VideoFile(path) as video:
            every = max((video.expected_seconds or 4.0) / FRAMES_A_CLIP, 0.1)
            due = 0.0
            for frame in video:
                if frame.time >= due:
                    due += every
                    yield frame.bgr()
    except UnusableVideo as error:
        print(f"  left out {path.name}: {error.code}")


def _bounded(image: Image) -> Image:
    scale = LONGEST / max(image.shape[:2])
    if scale >= 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _face(finder: FaceFinder, image: Image) -> tuple[float, float, float, float] | None:
    found = [face for face in finder.search(image, (0,))[0] if face.score > 0.75]
    if not found:
        return None
    face = max(found, key=lambda one: one.area)
    x1, y1, x2, y2 = (float(side) for side in face.box)
    return (x1, y1, x2, y2) if x2 - x1 >= LEAST_FACE else None


def _held_out(group: str) -> bool:
    return hashlib.sha256(group.encode()).digest()[0] % 10 < HELD_OUT_TENTHS


def _without_twins(found: list[Original]) -> Iterator[Original]:
    """Drop held-out pictures that look like a training picture."""
    marks = {one.file: _mark(one.read()) for one in found}
    training = np.array([marks[one.file] for one in found if not one.held_out], np.uint64)
    for one in found:
        if one.held_out and len(training):
            apart = np.bitwise_count(training ^ marks[one.file])
            if int(apart.min()) <= ALIKE_BITS:
                continue
        yield one


def _mark(image: Image) -> np.uint64:
    """64-bit difference hash of a picture."""
    small = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (9, 8), interpolation=cv2.INTER_AREA)
    bits = (small[:, 1:] > small[:, :-1]).ravel()
    return np.uint64(sum(1 << place for place, bit in enumerate(bits) if bit))
