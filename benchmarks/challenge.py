"""Measures the challenge on clips of people who were asked nothing: their own movements taken as what was asked.

    python -m benchmarks.challenge MANIFEST.csv [--clips N] [--seconds S] [--json]

Nobody in these clips reacted to a prompt, so the figures bound what other clips pass, and not what people manage.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import combinations
from pathlib import Path
from time import perf_counter

import av
import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness import Challenge, VideoFile
from alive402.liveness.challenge import (
    Movement,
    Signals,
    Step,
    draw,
    find_breaks,
    find_movements,
    picture_jumps,
    read,
    verify,
)
from alive402.liveness.challenge.answer import REACTION
from alive402.liveness.faces import FaceFinder
from alive402.liveness.looking import look
from alive402.liveness.media import Clip, Limits

TOLERANCE = 0.5
"""Seconds before and after an observed movement in which it may be found again."""
CLEAR = 1.5
"""Size, in thresholds, from which a movement counts as clear."""
SIDE, RATE, CRF = 320, 15, 33
MILLISECOND = Fraction(1, 1000)
TRIALS, DRAWN = 2000, 5


@dataclass(frozen=True, slots=True)
class Taken:
    """One clip: its name, label, subject, curves and pictures; and those of its copy at 320 px, 15 fps and CRF 33."""

    name: str
    label: str
    subject: str
    signals: Signals
    clip: Clip
    copy: Signals | None
    copied: Clip | None


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path, help="CSV with the columns file, label and subject or source")
    parser.add_argument("--clips", type=int, help="most clips, taken evenly")
    parser.add_argument("--seconds", type=float, default=300.0, help="read no further clip after this time")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    figures = measure(list(taken(options.manifest, options.clips, options.seconds)))
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"  {name:<66} {value}")


def taken(manifest: Path, most: int | None, seconds: float) -> Iterator[Taken]:
    """The clips with a face, live and attack ones in turn, until the time is over."""
    rows = list(csv.DictReader(manifest.open()))
    groups = [[row for row in rows if (row["label"] == "live") == live] for live in (True, False)]
    turns = [(place / len(group), row["file"]) for group in groups for place, row in enumerate(group)]
    ordered = [name for _, name in sorted(turns)]
    by_name, began = {row["file"]: row for row in rows}, perf_counter()
    for name in ordered[:: max(1, len(ordered) // most) if most else 1][:most]:
        if perf_counter() - began > seconds:
            print(f"stopped before {name}: {seconds:.0f} s are over", file=sys.stderr)
            return
        row = by_name[name]
        signals, clip = seen(manifest.parent / name)
        if len(signals.times):
            copy, copied = degraded(manifest.parent / name) if row["label"] == "live" else (None, None)
            subject = row.get("subject") or row.get("source") or ""
            yield Taken(name, row["label"], subject, signals, clip, copy, copied)


def curves(path: Path) -> Signals:
    """The curves of the judged face of a clip, with a mesh at every motion frame, as the engine reads them."""
    return seen(path)[0]


def seen(path: Path) -> tuple[Signals, Clip]:
    """The curves of a clip and its pictures."""
    clip, tracks = look(
        lambda every: VideoFile(path, every=every), _finder(), Limits(), lambda stage, share: None, every=True
    )
    nothing = np.zeros(0)
    empty = Signals(nothing, nothing, nothing, nothing, nothing, np.zeros((0, 2)))
    return read(tracks[0]) if tracks else empty, clip


def degraded(path: Path) -> tuple[Signals, Clip]:
    """The curves and pictures of the clip's copy at 320 px, 15 fps and CRF 33."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.mp4"
        with av.open(str(copy), "w") as file, VideoFile(path) as source:
            stream, due = None, 0.0
            for frame in source:
                if frame.time + 1e-6 < due:
                    continue
                due = max(due + 1 / RATE, frame.time)
                picture = _small(frame.bgr())
                if stream is None:
                    stream = file.add_stream("libx264", rate=RATE, options={"crf": str(CRF), "preset": "veryfast"})
                    stream.width, stream.height, stream.pix_fmt = picture.shape[1], picture.shape[0], "yuv420p"
                    stream.time_base = stream.codec_context.time_base = MILLISECOND
                made = av.VideoFrame.from_ndarray(picture, format="bgr24")
                made.pts, made.time_base = round(frame.time * 1000), MILLISECOND
                file.mux(stream.encode(made))
            if stream is not None:
                file.mux(stream.encode(None))
        return seen(copy)


def own_challenge(name: str, signals: Signals, first: int = 0, steps: int | None = None) -> Challenge:
    """The clip's own movements as the challenge, from the `first` one on."""
    found = find_movements(signals, 0.0)[first : None if steps is None else first + steps]
    return _asked(name, found)


def measure(clips: Sequence[Taken]) -> dict[str, object]:
    """The figures by name."""
    live = [one for one in clips if one.label == "live"]
    movements = {one.name: find_movements(one.signals, 0.0) for one in clips}
    figures: dict[str, object] = {"clips: live, attack": f"{len(live)}, {len(clips) - len(live)}"}
    for label in ("live", "attack"):
        chosen = [one for one in clips if (one.label == "live") == (label == "live")]
        seconds = sum(float(one.signals.times[-1]) for one in chosen)
        found = [kind.kind for one in chosen for kind in movements[one.name]]
        figures[f"movements in {seconds:.0f} s of {label} clips"] = _counted(found)
    figures["clear movements of live clips found again in the copy"] = _again(live, movements)
    for steps in (2, 3, 4):
        figures |= _own(clips, live, movements, steps)
    figures |= _random(live)
    figures |= _cuts(live)
    return figures


def _own(
    clips: Sequence[Taken], live: Sequence[Taken], movements: dict[str, tuple[Movement, ...]], steps: int
) -> dict[str, object]:
    """Each run of a clip's own movements as a challenge, against its copy and against every other clip."""
    own = clear = clear_own = other = tried = count = 0
    for one in live:
        found = movements[one.name]
        for first in range(len(found) - steps + 1):
            run = found[first : first + steps]
            asked = _asked(one.name, run)
            passed = one.copy is not None and verify(asked, one.copy).status == "answered"
            count, own = count + 1, own + passed
            if all(movement.size >= CLEAR for movement in run):
                clear, clear_own = clear + 1, clear_own + passed
            for another in clips:
                if another.name != one.name:
                    tried, other = tried + 1, other + (verify(asked, another.signals).status == "answered")
    return {
        f"{steps} steps: own clip's copy passes": f"{own} of {count}; clear movements only {clear_own} of {clear}",
        f"{steps} steps: another clip passes": f"{other} of {tried}",
    }


def _random(live: Sequence[Taken]) -> dict[str, object]:
    """Challenges drawn at random, against all live clips joined, from a random instant; cuts are not counted."""
    joined = _joined([one.signals for one in live])
    rng, passed = np.random.default_rng(402), [0] * DRAWN
    for trial in range(TRIALS):
        steps = draw(trial.to_bytes(16, "big"))
        begins = rng.uniform(0.0, max(float(joined.times[-1]) - steps[-1].ends, 0.0))
        part = _between(joined, begins, begins + steps[-1].ends + 1.0)
        for place in range(DRAWN):
            asked = Challenge("drawn", steps[: place + 1], 0.0, steps[place].ends, 0.0)
            answer = verify(asked, part)
            if any(step.status != "done" for step in answer.steps):
                break
            passed[place] += 1
    return {
        f"random challenge, first {place + 1} steps met by joined live clips": f"{count} of {TRIALS}"
        for place, count in enumerate(passed)
    }


def _cuts(live: Sequence[Taken]) -> dict[str, object]:
    """Jumps found in whole clips, which have none, and in the curves of two clips of one subject joined."""
    whole = [(one.signals, one.clip) for one in live]
    whole += [(one.copy, one.copied) for one in live if one.copy is not None and one.copied is not None]
    shortened = [_without_a_second(clip) for _, clip in whole if clip.times[-1] >= 3.0]
    fast = [clip for clip in shortened if float(np.median(np.diff(clip.times))) <= 0.1]
    pairs = [(a, b) for a, b in combinations(live, 2) if a.subject and a.subject == b.subject]
    caught = sum(bool(find_breaks(_joined([_half(a.signals), _half(b.signals)])).cuts) for a, b in pairs)
    faces = sum(bool(find_breaks(signals).cuts) for signals, _ in whole)
    pictures = sum(bool(picture_jumps(clip)) for _, clip in whole)
    found = sum(bool(picture_jumps(clip)) for clip in fast)
    return {
        "whole live clips and copies: jump of the face": f"{faces} of {len(whole)}",
        "whole live clips and copies: jump of the picture": f"{pictures} of {len(whole)}",
        "a second cut out, 10 fps or more: jump of the picture": f"{found} of {len(fast)}",
        "two clips of one subject joined: jump of the face": f"{caught} of {len(pairs)}",
    }


def _asked(name: str, run: Sequence[Movement]) -> Challenge:
    steps = tuple(
        Step(one.kind, one.peak - TOLERANCE - REACTION, 2 * TOLERANCE + REACTION)  # type: ignore[arg-type]
        for one in run
    )
    return Challenge(name, steps, 0.0, max((step.ends for step in steps), default=0.0), 0.0)


def _again(live: Sequence[Taken], movements: dict[str, tuple[Movement, ...]]) -> str:
    pairs = [
        (one.kind, any(other.kind == one.kind and abs(other.peak - one.peak) <= TOLERANCE for other in copies))
        for clip in live
        if clip.copy is not None
        for copies in [find_movements(clip.copy, 0.0)]
        for one in movements[clip.name]
        if one.size >= CLEAR
    ]
    kinds = sorted({kind for kind, _ in pairs})
    return ", ".join(
        f"{kind} {sum(found for other, found in pairs if other == kind)} of {sum(other == kind for other, _ in pairs)}"
        for kind in kinds
    )


def _counted(kinds: Sequence[str]) -> str:
    return ", ".join(f"{kind} {kinds.count(kind)}" for kind in sorted(set(kinds))) or "none"


def _joined(parts: Sequence[Signals]) -> Signals:
    """The curves of several clips one after another, an eighth of a second apart."""
    times, begins = [], 0.0
    for part in parts:
        times.append(part.times - part.times[0] + begins)
        begins = float(times[-1][-1]) + 0.125
    return Signals(
        np.concatenate(times),
        np.concatenate([part.yaw for part in parts]),
        np.concatenate([part.pitch for part in parts]),
        np.concatenate([part.mouth for part in parts]),
        np.concatenate([part.size for part in parts]),
        np.concatenate([part.centre for part in parts]),
    )


def _without_a_second(clip: Clip) -> Clip:
    """The clip without the second in its middle, the worst case of takes at the same place."""
    middle = float(clip.times[-1]) / 2
    kept = (clip.times < middle - 0.5) | (clip.times >= middle + 0.5)
    first = float(clip.times[kept & (clip.times > middle)][0])
    last = float(clip.times[kept & (clip.times < middle)][-1])
    usual = float(np.median(np.diff(clip.times)))
    times = np.where(clip.times > middle, clip.times - first + last + usual, clip.times)
    return replace(clip, times=times[kept], thumbs=clip.thumbs[kept])


def _half(signals: Signals) -> Signals:
    middle = float(signals.times[len(signals.times) // 2])
    return _between(signals, float(signals.times[0]), middle)


def _between(signals: Signals, begins: float, ends: float) -> Signals:
    kept = (signals.times >= begins) & (signals.times < ends)
    return Signals(
        signals.times[kept] - begins,
        signals.yaw[kept],
        signals.pitch[kept],
        signals.mouth[kept],
        signals.size[kept],
        signals.centre[kept],
    )


def _small(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = picture.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = 2 * round(width * scale / 2), 2 * round(height * scale / 2)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


@cache
def _finder() -> FaceFinder:
    return FaceFinder(1)


if __name__ == "__main__":
    main()
