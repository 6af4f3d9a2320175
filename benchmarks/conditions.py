"""Tests whether verdicts hold: each clip under each label-preserving condition, made attacks, and spliced clips.

Each clip is decoded, cut to its first 4 s, 640 px and 30 frames a second, altered, encoded, and judged by the whole
engine. Verdicts are compared with the control: the same clip encoded again without a change. Tables go to stdout as
Markdown. Answers are written to a journal in --work at once, so the same command resumes a stopped run. After a change
of the engine, or of the code that makes a condition, only the affected clips are judged again.

    python -m benchmarks.conditions clips.csv
    python -m benchmarks.conditions clips.csv --clips 8 --conditions "warm light,grey,geometry"
    python -m benchmarks.conditions clips.csv --conditions attacks,spliced --json
    python -m benchmarks.conditions clips.csv --picture conditions.png
    python -m benchmarks.conditions --list
    python -m benchmarks.conditions --sheet sheet.png CLIP.mp4
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from alive402.lab.datasets import DatasetError, Presentation, read
from alive402.liveness import UnusableVideo
from benchmarks.judging import chart, sheet, tables, tasks
from benchmarks.judging.figures import Figures, attack_line, condition_line
from benchmarks.judging.journal import Answer, Journal, engine
from benchmarks.judging.workers import judge, key
from benchmarks.making.attacks import ATTACKS, CLIP_ATTACKS
from benchmarks.making.conditions import CONDITIONS, CONTROL

WORK = Path("var/conditions")
SEED = 402
TELL_EVERY = 100
"""Answers between two lines of progress when standard error is no terminal."""
MADE_ATTACKS = (*ATTACKS, *CLIP_ATTACKS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, or these arguments of one."""
    options = _parser().parse_args(arguments)
    if options.list:
        print("\n".join(_list()))
        return 0
    if options.path is None:
        print("Give a manifest (docs/accuracy.md), or with --sheet a clip. --help shows examples.", file=sys.stderr)
        return 64
    try:
        if options.sheet is not None:
            sheet.draw(options.path, options.sheet, options.seed)
            return 0
        names = chosen(options.conditions)
        clips = read(options.path)
    except (DatasetError, UnusableVideo, OSError, KeyError) as error:
        print(str(error.args[0]) if isinstance(error, KeyError) else error, file=sys.stderr)
        return 64
    if options.clips:
        clips = tasks.subset(clips, options.clips, options.seed)
    try:
        figures = run(clips, names, options.work, options.seed, options.jobs)
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.", file=sys.stderr)
        return 130
    if options.picture is not None:
        chart.draw(figures, options.picture)
    print(json.dumps(tables.as_json(figures)) if options.json else "\n".join(tables.markdown(figures)))
    return 0


def run(clips: Sequence[Presentation], names: Sequence[str], work: Path, seed: int, jobs: int) -> Figures:
    """Make and judge the clips that the journal in `work` lacks; returns the figures of all.

    Args:
        clips: labelled clips.
        names: of conditions, attacks and orders of splices.
        work: folder of the journal; made when missing.
        seed: of everything that is drawn by chance.
        jobs: processes.

    Raises:
        RuntimeError: a worker died.
    """
    live = {clip.name: clip.bona_fide for clip in clips}
    conditions = [name for name in CONDITIONS if name in names]
    attacks, orders = ([name for name in some if name in names] for some in (MADE_ATTACKS, tasks.ORDERS))
    all_tasks = tasks.conditions(clips, conditions, seed) if conditions else []
    all_tasks += tasks.attacks(clips, attacks, seed) + tasks.splices(clips, orders, seed)
    with _progress() as progress:
        known = judge(all_tasks, Journal(work / "journal.jsonl"), jobs, progress)
    answers: dict[str, list[Answer]] = {}
    for task in all_tasks:
        answers.setdefault(task.name, []).append(known[key(task)])
    control = {answer.clip: answer for answer in answers.get(CONTROL.name, [])}
    return Figures(
        tuple(condition_line(name, answers[name], control, live) for name in CONDITIONS if name in answers),
        tuple(
            attack_line(name, kind, answers[name])
            for kind, some in (("attack", attacks), ("splice", orders))
            for name in some
            if name in answers
        ),
        Counter(answer.code for some in answers.values() for answer in some if answer.code),
        engine(),
    )


def chosen(wish: str | None) -> list[str]:
    """Expand a comma-separated list of names and groups; without a list, all names.

    Raises:
        KeyError: there is no such name or group; the message says how to see them.
    """
    groups = _groups()
    everything = [name for names in groups.values() for name in names]
    if not wish:
        return everything
    plain = {name.replace(",", ""): name for name in everything}
    names: list[str] = []
    for word in (part.strip() for part in wish.split(",")):
        if word not in groups and word not in plain:
            raise KeyError(
                f"There is no condition, attack or group '{word}'. --list shows their names, without commas."
            )
        names += groups.get(word) or [plain[word]]
    return [name for name in everything if name in names]


def _groups() -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for condition in CONDITIONS.values():
        groups.setdefault(condition.group, []).append(condition.name)
    return groups | {"attacks": list(MADE_ATTACKS), "spliced": list(tasks.ORDERS)}


def _list() -> Iterator[str]:
    for group, names in _groups().items():
        yield group
        for name in names:
            says = CONDITIONS[name].says if name in CONDITIONS else ""
            yield f"  {name.replace(',', ''):<28} {says}".rstrip()


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal; elsewhere a line every hundred answers."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield (
            lambda done, all_of: (
                print(f"{done} of {all_of}", file=sys.stderr, flush=True) if done % TELL_EVERY == 0 else None
            )
        )
        return
    columns = TextColumn("judging"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console) as bar:
        line = bar.add_task("judging")
        yield lambda done, all_of: bar.update(line, completed=done, total=all_of)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.conditions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", type=Path, nargs="?", help="manifest of clips (docs/accuracy.md); with --sheet a clip")
    parser.add_argument("--clips", type=int, metavar="N", help="only N, half people, from as many sources as there are")
    parser.add_argument("--conditions", metavar="A,B", help="names and groups, separated by commas; default: all")
    parser.add_argument("--work", type=Path, default=WORK, help="folder of the journal (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="of noise, of pairs, of --clips (default: %(default)s)")
    parser.add_argument("--picture", type=Path, metavar="PATH", help="draw the figures: a PNG")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout instead of tables")
    parser.add_argument("--sheet", type=Path, metavar="PATH", help="draw a frame of each condition of a clip: a PNG")
    parser.add_argument("--list", action="store_true", help="names, groups, and what each condition is")
    return parser


if __name__ == "__main__":
    sys.exit(main())
