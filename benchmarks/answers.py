"""Measures the challenge on rendered answers: right ones, and wrong ones of every kind.

    python -m benchmarks.answers [--challenges 100] [--wrong 25] [--first 0] [--keep FOLDER] [--json]
    python -m benchmarks.answers --film challenge.json --out answer.mjpeg [--seed 1] [--before 2]

The first form draws default challenges, films an answer to each (320 px, 15 frames a second, CRF 33), and has the whole
engine judge the files, which --keep keeps for the next time. The second form films the answer to one challenge, as MP4
or for the fake camera of Chromium (.mjpeg, .y4m). The face is that of the carphone sequence, moved by alive402.demo: no
person was asked for anything.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from alive402.demo import Take, answer_frames, film_answer, write_frames
from alive402.liveness import Analyzer, Challenge

SIZE, RATE, CRF = (320, 240), 15, 33
LATE = (2.5, 4.0)
"""Seconds by which a late answer is late."""
ENDED = (0.3, 0.9)
"""Share of its length after which an answer ends early."""
CUT_OUT = 1.0
"""Seconds that a cut answer lacks."""
TAKES = 3
WORDS = {
    "answer": "right answers",
    "order": "two movements or more in another order",
    "late": "2.5 to 4 s late",
    "mirrored": "mirrored",
    "ended": "ended early, 30 to 90 % of its length",
    "cut": "a second cut out",
    "spliced": "spliced from three takes",
    "other": "the answer to another challenge",
}

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Judged:
    """One film: what it is, the answer's status and reason code, and the first reason of the passive judge."""

    seed: int
    kind: str
    status: str
    code: str
    passive: str


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--challenges", type=int, default=100, help="how many right answers")
    parser.add_argument("--wrong", type=int, default=25, help="to how many of them the wrong ones are filmed too")
    parser.add_argument("--first", type=int, default=0, help="seed of the first challenge")
    parser.add_argument("--keep", type=Path, help="folder of the films; those that are there are not filmed again")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--film", type=Path, metavar="CHALLENGE", help="only film the answer to this challenge")
    parser.add_argument("--out", type=Path, help="with --film: an .mp4, .mjpeg or .y4m file")
    parser.add_argument("--seed", type=int, default=1, help="with --film: of the person and the camera")
    parser.add_argument("--before", type=float, default=0.0, help="with --film: seconds of rest before the challenge")
    options = parser.parse_args()
    if options.film:
        if options.out is None:
            parser.error("--film needs --out")
        asked = Challenge.from_dict(json.loads(options.film.read_text(encoding="utf-8")))
        film_answer(asked, options.out, Take(seed=options.seed, before=options.before))
        return
    seeds = range(options.first, options.first + options.challenges)
    with tempfile.TemporaryDirectory(prefix="alive402-answers-") as folder:
        judged = list(measure(seeds, options.wrong, options.keep or Path(folder), options.keep is not None))
    figures = summed(judged)
    print(json.dumps(figures) if options.json else "\n".join(f"  {name:<52} {text}" for name, text in figures.items()))


def measure(seeds: Sequence[int], wrong: int, folder: Path, keep: bool) -> Iterator[Judged]:
    """Film and judge an answer to the challenge of each seed, and the wrong answers to the first `wrong` of them."""
    analyzer = Analyzer()
    folder.mkdir(parents=True, exist_ok=True)
    for place, seed in enumerate(seeds):
        asked = drawn(seed)
        for kind, frames in films(seed).items():
            if kind != "answer" and place >= wrong:
                continue
            path = folder / f"{seed}-{kind}.mp4"
            if not path.exists():
                aside = path.with_suffix(f".{os.getpid()}.mp4")
                write_frames(frames(), aside, RATE, CRF).replace(path)
            report = analyzer.analyze(path, challenge=asked).report
            if not keep:
                path.unlink()
            found = report.freshness
            assert found is not None
            passive = next((each.code for each in report.reasons if each.code != found.code), "none")
            print(f"{seed} {kind}: {found.status}. {found.message}", file=sys.stderr)
            yield Judged(seed, kind, found.status, found.code, passive)


def drawn(seed: int) -> Challenge:
    """The default challenge of a seed."""
    return Challenge.new(f"rendered-{seed}", seed.to_bytes(16, "big"))


def films(seed: int) -> dict[str, Callable[[], Sequence[Image]]]:
    """By kind, the frames of a right answer to the challenge of a seed, and of wrong ones."""
    asked, kept = drawn(seed), dict[int, list[Image]]()

    def take(number: int) -> list[Image]:
        if number not in kept:
            kept[number] = list(answer_frames(asked, Take(SIZE, RATE, seed=1000 * number + seed)))
        return kept[number]

    def other(challenge: Challenge) -> list[Image]:
        return list(answer_frames(challenge, Take(SIZE, RATE, seed=seed)))

    def ended() -> list[Image]:
        return take(0)[: round(float(np.random.default_rng(seed).uniform(*ENDED)) * asked.seconds * RATE)]

    def cut() -> list[Image]:
        rng = np.random.default_rng(seed)
        at = round(float(rng.uniform(asked.lead, asked.steps[-1].ends - CUT_OUT)) * RATE)
        return take(0)[:at] + take(0)[at + round(CUT_OUT * RATE) :]

    def spliced() -> list[Image]:
        rng = np.random.default_rng(seed)
        first, second = (round(asked.steps[place].at * RATE) for place in sorted(rng.choice([1, 2, 3, 4], 2, False)))
        return take(0)[:first] + take(1)[first:second] + take(2)[second:]

    return {
        "answer": lambda: take(0),
        "order": lambda: other(reordered(asked, np.random.default_rng(seed))),
        "late": lambda: other(later(asked, float(np.random.default_rng(seed).uniform(*LATE)))),
        "mirrored": lambda: [np.asarray(cv2.flip(frame, 1), np.uint8) for frame in take(0)],
        "ended": ended,
        "cut": cut,
        "spliced": spliced,
        "other": lambda: other(drawn(seed + 500_000)),
    }


def reordered(challenge: Challenge, rng: np.random.Generator) -> Challenge:
    """The same movements at the same times in another order."""
    steps = challenge.steps
    while True:
        changed = tuple(
            replace(step, kind=steps[place].kind)
            for step, place in zip(steps, rng.permutation(len(steps)), strict=True)
        )
        if changed != steps:
            return replace(challenge, steps=changed)


def later(challenge: Challenge, seconds: float) -> Challenge:
    """The same movements, all later."""
    steps = tuple(replace(step, at=step.at + seconds) for step in challenge.steps)
    return replace(challenge, steps=steps, seconds=challenge.seconds + seconds)


def summed(judged: Sequence[Judged]) -> dict[str, str]:
    """The figures by name."""
    figures = {}
    for kind, words in WORDS.items():
        chosen = [one for one in judged if one.kind == kind]
        if chosen:
            codes = Counter(one.code for one in chosen if one.status != "answered")
            passed = sum(one.status == "answered" for one in chosen)
            rest = "; ".join(f"{code} {count}" for code, count in codes.most_common())
            figures[words] = f"{passed} of {len(chosen)} answered" + (f" ({rest})" if rest else "")
    right = [one.passive for one in judged if one.kind == "answer"]
    figures["passive judge of the right answers"] = "; ".join(
        f"{code} {count}" for code, count in Counter(right).most_common()
    )
    return figures


if __name__ == "__main__":
    main()
