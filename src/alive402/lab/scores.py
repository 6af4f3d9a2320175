"""Score files: bob.pad.base's CSV with additional columns; written line by line, so that a run can resume.

bob reads `claimed_id,test_label,is_bonafide,attack_type,score`; the others it ignores. Higher = bona fide, `nan` =
failure to acquire, whose `code` is the error.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from alive402.lab.datasets import DatasetError
from alive402.lab.metrics import Scored

COLUMNS = (
    "claimed_id",
    "test_label",
    "is_bonafide",
    "attack_type",
    "source",
    "group",
    "verdict",
    "guess",
    "code",
    "challenge",
    "freshness",
    "seconds",
    "engine",
    "score",
)
NEEDED = ("test_label", "is_bonafide", "attack_type", "score")
TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Score:
    """One line of a score file.

    Attributes:
        subject: the person (bob's claimed_id).
        name: the file (bob's test_label).
        bona_fide, attack_type, source, group: as in its Presentation.
        verdict: the engine's verdict, "" without an answer.
        guess: the engine's attack type, if any.
        code: error code, "" with an answer.
        seconds: duration of the judgement; NaN when not known.
        engine: version and weights of the engine.
        score: live confidence, NaN when there was no answer.
        challenge: the id of the challenge, "" without one.
        freshness: `answered`, `not_answered` or `unclear`; "" without a challenge or without an answer.
    """

    subject: str
    name: str
    bona_fide: bool
    attack_type: str
    source: str
    group: str
    verdict: str
    guess: str
    code: str
    seconds: float
    engine: str
    score: float
    challenge: str = ""
    freshness: str = ""


class ScoreFile:
    """A score file open for appending; existing scores are kept, so that a stopped run resumes.

    Args:
        path: the file; created with a header if missing.
        engine: the engine; a file of another engine is refused, because scores do not compare.

    Raises:
        DatasetError: it cannot be read, or another engine wrote it.
    """

    def __init__(self, path: Path, engine: str) -> None:
        self.path = path
        self.done: dict[str, Score] = {}
        if path.exists():
            _drop_torn_line(path)
            self.done = {score.name: score for score in read(path)} if path.stat().st_size else {}
        others = sorted({score.engine for score in self.done.values()} - {engine})
        if others:
            raise DatasetError(
                f"{path} was filled by another engine ({others[0]}; this is {engine}). "
                "Choose another --out, or remove the file to start over."
            )
        if self.done and _columns(path) != list(COLUMNS):
            write(path, self.done.values())
        self._file = path.open("a", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file, lineterminator="\n")
        if path.stat().st_size == 0:
            self._writer.writerow(COLUMNS)
            self._file.flush()

    def __enter__(self) -> ScoreFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, score: Score) -> None:
        """Append a score; it is on disk when this returns."""
        self._writer.writerow(_row(score))
        self._file.flush()
        self.done[score.name] = score


def _columns(path: Path) -> list[str]:
    """The header of a score file; an earlier version wrote fewer columns."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        return next(csv.reader(file), [])


def write(path: Path, scores: Iterable[Score]) -> None:
    """Write a new score file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_row(score) for score in scores)


def read(path: Path) -> list[Score]:
    """Read a score file of alive402 or of bob; missing columns are "".

    Raises:
        DatasetError: not a score file; the message names line and column.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            missing = [column for column in NEEDED if column not in (rows.fieldnames or ())]
            if missing:
                raise DatasetError(f"{path}, line 1: a score file needs the column '{missing[0]}'.")
            return [_score(path, rows.line_num, row) for row in rows]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} is not a CSV file in UTF-8: {error}.") from None
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from None


def scored(scores: Iterable[Score]) -> Scored:
    """The lines as arrays for the metrics."""
    lines = list(scores)
    return Scored.of(
        (line.score for line in lines), (line.bona_fide for line in lines), (line.attack_type for line in lines)
    )


def _row(score: Score) -> list[str]:
    return [
        score.subject,
        score.name,
        str(score.bona_fide),
        score.attack_type,
        score.source,
        score.group,
        score.verdict,
        score.guess,
        score.code,
        score.challenge,
        score.freshness,
        "" if math.isnan(score.seconds) else f"{score.seconds:.3f}",
        score.engine,
        repr(score.score),
    ]


def _score(path: Path, line: int, row: Mapping[str, str | None]) -> Score:
    def cell(name: str) -> str:
        return (row.get(name) or "").strip()

    truth = cell("is_bonafide").lower()
    if truth not in TRUTHS:
        raise DatasetError(f"{path}, line {line}, column 'is_bonafide': '{truth}' is neither True nor False.")
    return Score(
        subject=cell("claimed_id"),
        name=cell("test_label"),
        bona_fide=TRUTHS[truth],
        attack_type=cell("attack_type"),
        source=cell("source"),
        group=cell("group"),
        verdict=cell("verdict"),
        guess=cell("guess"),
        code=cell("code"),
        seconds=_number(path, line, "seconds", cell("seconds") or "nan"),
        engine=cell("engine"),
        score=_number(path, line, "score", cell("score")),
        challenge=cell("challenge"),
        freshness=cell("freshness"),
    )


def _number(path: Path, line: int, column: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DatasetError(f"{path}, line {line}, column '{column}': '{text}' is not a number.") from None


def _drop_torn_line(path: Path) -> None:
    """Drop an incomplete last line of a killed run, so that its clip is judged again."""
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        path.write_bytes(content[: content.rfind(b"\n") + 1])
