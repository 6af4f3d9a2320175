"""Tasks of a run: the clips to make from other clips, and how a worker makes one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np

from alive402.lab.datasets import Presentation
from alive402.liveness.faces import FaceFinder
from benchmarks import making
from benchmarks.making.attacks import ATTACKS, CLIP_ATTACKS
from benchmarks.making.conditions import CONDITIONS, CONTROL, altered
from benchmarks.making.footage import SECONDS, Footage, read, save, write
from benchmarks.making.splices import Part, splice

ATTACK_RATE = 25.0
SPLICES = 25
"""Number of pairs of a person's clip and an attack; each pair is spliced in both orders."""
LEAST_PART, LONGEST_PART = 1.5, 3.0
ORDERS = ("person, then attack", "attack, then person")


@dataclass(frozen=True, slots=True)
class Task:
    """One clip to make and judge.

    Attributes:
        kind: `condition`, `attack` or `splice`.
        name: of the condition, the attack or the order.
        clip: what stands in the journal for the clips that it is made from.
        paths: these clips.
        bona_fide: the right answer is `live`.
        seed: of its generator.
    """

    kind: str
    name: str
    clip: str
    paths: tuple[Path, ...]
    bona_fide: bool
    seed: int

    @property
    def made(self) -> str:
        """Hash of the code that makes the clip."""
        return CONDITIONS[self.name].fingerprint() if self.kind == "condition" else _code()


def conditions(clips: Sequence[Presentation], names: Sequence[str], seed: int) -> list[Task]:
    """Every clip under every named condition, the control first; ordered by clip."""
    wanted = [CONTROL.name, *(name for name in names if name != CONTROL.name)]
    return [Task("condition", name, clip.name, (clip.path,), clip.bona_fide, seed) for clip in clips for name in wanted]


def attacks(clips: Sequence[Presentation], names: Sequence[str], seed: int) -> list[Task]:
    """Every named attack, made from each person's clip; a face swap puts its face on the next person's clip."""
    people = [clip for clip in clips if clip.bona_fide]
    tasks = []
    for place, clip in enumerate(people):
        other = next((one for one in people[place + 1 :] + people[:place] if one.subject != clip.subject), clip)
        for name in names:
            used = (clip, other) if name in CLIP_ATTACKS else (clip,)
            tasks.append(_attacking("attack", name, used, seed))
    return tasks


def splices(clips: Sequence[Presentation], names: Sequence[str], seed: int) -> list[Task]:
    """At most 25 pairs of a person's clip and an attack, in each named order."""
    rng = np.random.default_rng(seed)
    people, fakes = ([clip for clip in clips if clip.bona_fide is side] for side in (True, False))
    pairs = min(SPLICES, len(people), len(fakes))
    chosen = zip(rng.permutation(len(people))[:pairs], rng.permutation(len(fakes))[:pairs], strict=True)
    tasks = []
    for one, other in chosen:
        pair = people[one], fakes[other]
        tasks += [_attacking("splice", name, pair if name == ORDERS[0] else pair[::-1], seed) for name in names]
    return tasks


def subset(clips: Sequence[Presentation], count: int, seed: int) -> list[Presentation]:
    """Choose `count` clips, half of them people, from as many sources as possible; all if there are no more."""
    rng = np.random.default_rng(seed)
    chosen: list[Presentation] = []
    for side, wanted in ((True, (count + 1) // 2), (False, count // 2)):
        mine = [clip for clip in clips if clip.bona_fide is side]
        shuffled = [mine[place] for place in rng.permutation(len(mine))]
        taken: dict[str, int] = {}
        ranked = []
        for place, clip in enumerate(shuffled):
            taken[clip.source] = taken.get(clip.source, 0) + 1
            ranked.append((taken[clip.source], place))
        chosen += [shuffled[place] for _, place in sorted(ranked)[:wanted]]
    return [clip for clip in clips if clip in chosen]


def make(task: Task, folder: Path) -> Path:
    """Make the task's clip in `folder`.

    Raises:
        UnusableVideo, OSError: a clip that it is made from cannot be read.
    """
    if task.kind == "condition":
        condition = CONDITIONS[task.name]
        path = folder / f"clip{condition.encoding.suffix}"
        save(altered(condition, _footage(task.paths[0]), task.seed), path, condition.encoding)
        return path
    rng = np.random.default_rng([task.seed, *sha256(f"{task.name}{task.clip}".encode()).digest()[:8]])
    path = folder / "clip.mp4"
    if task.kind == "attack":
        write(_attack(task, rng), path)
    else:
        seconds = rng.uniform(LEAST_PART, LONGEST_PART, 2)
        splice([Part(one, 0.0, float(length)) for one, length in zip(task.paths, seconds, strict=True)], path)
    return path


def _attacking(kind: str, name: str, clips: Sequence[Presentation], seed: int) -> Task:
    return Task(kind, name, " + ".join(clip.name for clip in clips), tuple(clip.path for clip in clips), False, seed)


def _attack(task: Task, rng: np.random.Generator) -> Iterator[tuple[float, making.footage.Image]]:
    picture = _still(_footage(task.paths[0]))
    if task.name in CLIP_ATTACKS:
        film = _footage(task.paths[1])
        instants = np.arange(0, film.times[-1] + 1e-6, 1 / ATTACK_RATE)
        places = np.searchsorted(film.times, instants + 1e-6, "right") - 1
        frames = CLIP_ATTACKS[task.name](picture, film.at(places).frames, SECONDS, ATTACK_RATE, rng)
    else:
        frames = ATTACKS[task.name](picture, SECONDS, ATTACK_RATE, rng)
    for place, frame in enumerate(frames):
        yield place / ATTACK_RATE, frame


def _still(footage: Footage) -> making.footage.Image:
    """The frame in the middle of the clip."""
    return footage.frames[len(footage.frames) // 2]


@lru_cache(2)
def _footage(path: Path) -> Footage:
    return read(path, _finder())


@cache
def _finder() -> FaceFinder:
    return FaceFinder(1)


@cache
def _code() -> str:
    """Hash of every module that makes attacks and splices."""
    files = sorted(Path(making.__file__).parent.glob("*.py"))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
