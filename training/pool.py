"""The pool of training samples: rendered from originals, cut into two views, scored by the teacher; in chunks."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.faces.samples import crop_around
from alive402.liveness.faces.upright import face_in_view
from alive402.liveness.networks import MID_VIEW, WIDE_VIEW
from training.originals import BONA_FIDE, CONTENT_ONLY, Original
from training.simulate import SCREENS, Picture, film, present
from training.simulate.picture import resized
from training.teacher import LIVE, PRINT, REPLAY, UNKNOWN, Teacher

CHUNK = 250
# Shares of each kind of sample.
MIX = {
    "bona_fide": 0.36,
    "phone": 0.10,
    "tablet": 0.04,
    "monitor": 0.05,
    "laptop": 0.02,
    "full_screen": 0.09,
    "print": 0.12,
    "full_print": 0.06,
    "cutout": 0.02,
    "paper_mask": 0.02,
    "anything": 0.04,
    "crop_live": 0.03,
    "crop_replay": 0.05,
}
KINDS = tuple(MIX)
MILD_SHARE, MILD = 0.55, 0.3
HOLDER_SHARE = 0.45
BOX_SHIFT, BOX_SCALE = 0.05, 0.10
CROPS = {"crop_live": ("bonafide_crop", LIVE), "crop_replay": ("replay_phone_crop", REPLAY)}
"""Real crops of faces without surroundings: kind of the original, and label."""
CROP_HEIGHT, CROP_LUMINANCE = (90.0, 190.0), (80.0, 150.0)

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Samples as arrays.

    Attributes:
        mid, wide: (n, 128, 128, 3) uint8 BGR.
        faces: (n, 2, 4) float32, x1 y1 x2 y2 of the face in each view, 0..1 of its side.
        labels: (n,) int8.
        kinds: (n,) int8, the sample's place in KINDS.
        severities: (n,) float32, 0 a good camera .. 1 a bad one.
        logits: (n, 2, 3) float16 of the teacher, mid and wide.
        embeddings: (n, 2, 128) float16 of the teacher.
        held_out: (n,) bool.
    """

    mid: Image
    wide: Image
    faces: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int8]
    kinds: npt.NDArray[np.int8]
    severities: npt.NDArray[np.float32]
    logits: npt.NDArray[np.float16]
    embeddings: npt.NDArray[np.float16]
    held_out: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Job:
    """One chunk to render: its number and everything that makes it reproducible on every machine."""

    number: int
    seed: int
    originals: tuple[Original, ...]
    teacher: Path
    target: Path


def render(originals: Sequence[Original], teacher: Path, work: Path, count: int, seed: int) -> list[Path]:
    """Render chunks for `count` samples under `work/pool`; existing chunks are reused."""
    folder = work / "pool"
    folder.mkdir(parents=True, exist_ok=True)
    numbers = range((count + CHUNK - 1) // CHUNK)
    paths = [folder / f"{seed}-{number:05d}.npz" for number in numbers]
    jobs = [
        Job(number, seed, tuple(originals), teacher, path)
        for number, path in zip(numbers, paths, strict=True)
        if not path.exists()
    ]
    began = perf_counter()
    # Not forked: a child of a process that has found faces waits for threads that it does not have.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as workers:
        waiting = [workers.submit(_render_chunk, job) for job in jobs]
        for done, future in enumerate(as_completed(waiting), 1):
            future.result()
            if done % 10 == 0 or done == len(jobs):
                rate = done * CHUNK / (perf_counter() - began)
                print(f"  rendered {done * CHUNK} of {len(jobs) * CHUNK} samples, {rate:.0f} a second", flush=True)
    return paths


def load(paths: Sequence[Path]) -> Chunk:
    """All chunks as one."""
    parts = [np.load(path) for path in paths]
    return Chunk(*(np.concatenate([part[name] for part in parts]) for name in Chunk.__slots__))


def _render_chunk(job: Job) -> None:
    """Render one chunk; the same numbers give the same samples, whatever the order of the chunks."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng([job.seed, job.number])
    maker = _Maker(job.originals)
    kinds, shares = list(MIX), np.array(list(MIX.values()))
    pictures, labels, places, severities, held_out = [], [], [], [], []
    for _ in range(CHUNK):
        kind = str(rng.choice(kinds, p=shares / shares.sum()))
        severity = float(rng.uniform(0, MILD) if rng.random() < MILD_SHARE else rng.uniform(MILD, 1))
        picture, label, held = maker.make(rng, kind, severity)
        pictures.append(_jittered(rng, picture))
        labels.append(label)
        places.append(kinds.index(kind))
        severities.append(severity)
        held_out.append(held)
    answers = _teacher(job.teacher).answer(pictures)
    views = {
        name: np.stack([crop_around(one.image, one.box, times) for one in pictures])
        for name, times in (("mid", MID_VIEW), ("wide", WIDE_VIEW))
    }
    aside = job.target.with_suffix(".part.npz")
    np.savez(
        aside,
        **views,
        faces=np.stack(
            [[face_in_view(one.image, one.box, times) for times in (MID_VIEW, WIDE_VIEW)] for one in pictures]
        ),
        labels=np.array(labels, np.int8),
        kinds=np.array(places, np.int8),
        severities=np.array(severities, np.float32),
        logits=answers.logits.astype(np.float16),
        embeddings=answers.embeddings.astype(np.float16),
        held_out=np.array(held_out),
    )
    aside.replace(job.target)


@lru_cache(maxsize=1)
def _teacher(folder: Path) -> Teacher:
    return Teacher(folder)


@lru_cache(maxsize=2000)
def _read(original: Original) -> Image:
    return original.read()


class _Maker:
    """Makes a sample of a kind from the originals; sources count by the square root of their size."""

    def __init__(self, originals: Sequence[Original]) -> None:
        faces = [one for one in originals if one.box is not None]
        self._live = _weighed([one for one in faces if one.kind in BONA_FIDE])
        self._shown = _weighed([one for one in faces if one.kind in BONA_FIDE | CONTENT_ONLY])
        self._crops = {name: _weighed([one for one in faces if one.kind == kind]) for name, (kind, _) in CROPS.items()}
        self._anything = _weighed([one for one in originals if one.kind not in BONA_FIDE])
        self._backgrounds = [one for one in originals if one.box is None] or list(originals)

    def make(self, rng: np.random.Generator, kind: str, severity: float) -> tuple[Picture, int, bool]:
        """(picture, label, held out); kinds without originals become `bona_fide`."""
        if kind == "anything":
            one = _choose(rng, self._anything)
            return film(rng, _somewhere(rng, _read(one)), severity * 0.6), UNKNOWN, one.held_out
        if kind in self._crops and self._crops[kind][0]:
            one = _choose(rng, self._crops[kind])
            return film(rng, _resampled(rng, _picture(one)), severity * 0.5), CROPS[kind][1], one.held_out
        if kind == "bona_fide" or kind in self._crops:
            one = _choose(rng, self._live)
            return film(rng, _picture(one), severity), LIVE, one.held_out
        one = _choose(rng, self._shown)
        attack = present(rng, _picture(one), kind, self._rooms(rng), self._holder(rng, one.held_out))
        return film(rng, attack, severity), REPLAY if kind in SCREENS else PRINT, one.held_out

    def _holder(self, rng: np.random.Generator, held_out: bool) -> Picture | None:
        """Sometimes choose a person of the same split who holds the attack."""
        if rng.random() > HOLDER_SHARE:
            return None
        one = _choose(rng, self._live)
        return _picture(one) if one.held_out == held_out else None

    def _rooms(self, rng: np.random.Generator) -> list[Image]:
        places = rng.integers(0, len(self._backgrounds), 2)
        return [_read(self._backgrounds[int(place)]) for place in places]


_Weighed = tuple[list[Original], npt.NDArray[np.float64]]


def _weighed(originals: list[Original]) -> _Weighed:
    sizes = Counter(one.source for one in originals)
    weights = np.array([1 / np.sqrt(sizes[one.source]) for one in originals])
    return originals, np.cumsum(weights / weights.sum())


def _choose(rng: np.random.Generator, among: _Weighed) -> Original:
    originals, up_to = among
    return originals[min(int(np.searchsorted(up_to, rng.random())), len(originals) - 1)]


def _picture(original: Original) -> Picture:
    assert original.box is not None
    return Picture(_read(original), np.array(original.box, np.float32))


def _somewhere(rng: np.random.Generator, image: Image) -> Picture:
    """Any region of a picture, treated as a face."""
    height, width = image.shape[:2]
    side = float(rng.uniform(0.12, 0.6)) * min(height, width)
    x, y = rng.uniform(0, max(width - side, 1)), rng.uniform(0, max(height - 1.2 * side, 1))
    return Picture(image, np.array([x, y, x + side, y + 1.2 * side], np.float32))


def _resampled(rng: np.random.Generator, picture: Picture) -> Picture:
    """A crop at a random size and mean luminance, so that neither distinguishes a real replay from a real face.

    The available replay crops are smaller and brighter than the bona fide ones of the same person.
    """
    height, width = picture.image.shape[:2]
    scale = float(rng.uniform(*CROP_HEIGHT)) / height
    small = resized(picture, max(8, round(width * scale)), max(8, round(height * scale)))
    gain = float(np.clip(rng.uniform(*CROP_LUMINANCE) / max(float(small.image.mean()), 8.0), 0.4, 2.0))
    return Picture(np.asarray(cv2.convertScaleAbs(small.image, alpha=gain), np.uint8), small.box)


def _jittered(rng: np.random.Generator, picture: Picture) -> Picture:
    """The box as another detector, or the same one a frame later, might place it."""
    size = picture.box[2:] - picture.box[:2]
    centre = (picture.box[:2] + picture.box[2:]) / 2 + size * rng.normal(0, BOX_SHIFT, 2).astype(np.float32)
    half = np.maximum(size * np.float32(np.exp(rng.normal(0, BOX_SCALE))) / 2, 8)
    return Picture(picture.image, np.concatenate([centre - half, centre + half]).astype(np.float32))
