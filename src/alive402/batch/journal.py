"""Journal of a batch: each result is a JSON line on disk at once; at the end all become one file of results."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from alive402.batch import results
from alive402.batch.rows import CHALLENGE, BatchRefused, Row


class Journal:
    """The journal of one batch, beside its results; existing results are kept.

    One process at a time writes it. An incomplete line of a killed process is dropped.

    Args:
        out: the file of results; `<out>.journal` is written while the batch runs.
        engine: version of the engine; results of another engine are refused.

    Raises:
        BatchRefused: its name says no form of results, another process writes it, another engine filled it, or it
            cannot be made.
    """

    def __init__(self, out: Path, engine: str) -> None:
        results.check_name(out)
        self.out, self.path = out, out.with_name(out.name + ".journal")
        self._engine = engine
        self.codes: dict[str, str | None] = {}
        self._challenges: dict[str, str] = {}
        self._places: dict[str, int] = {}
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = self.path.open("a+b")
        except OSError as error:
            raise BatchRefused(f"{out} cannot be written: {error.strerror}.") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._recover()
        except BlockingIOError:
            self._file.close()
            raise BatchRefused(f"Another batch is writing {out}. Choose another --out, or wait for it.") from None
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def has(self, row: Row) -> bool:
        """Whether a row has a result; that of another challenge is none."""
        return row.location in self.codes and self._challenges[row.location] == row.notes.get(CHALLENGE, "").strip()

    def add(self, result: dict[str, Any]) -> None:
        """Store the result of one row; it is on disk when this returns."""
        self._index(result, self._write(result))

    def forget(self, locations: set[str]) -> None:
        """Drop results, so that their rows are judged again."""
        kept = (line for _, line in self._lines() if line["location"] not in locations)
        whole = self.path.with_name(self.path.name + ".new")
        with whole.open("wb") as file:
            for line in ({"engine": self._engine}, *kept):
                file.write(json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        new = whole.open("a+b")
        fcntl.flock(new, fcntl.LOCK_EX)
        whole.replace(self.path)
        self._file.close()
        self._file = new
        self._learn()

    def finish(self, order: Sequence[str], notes: Sequence[str], *, reports: bool) -> None:
        """Write the results, their rows in `order`, and remove the journal.

        Args:
            order: the locations of all rows; results of others are left out.
            notes: names of the manifest's own columns.
            reports: whether to add a column of whole reports, as JSON.
        """
        known = [location for location in order if location in self._places]
        with self.path.open("rb") as lines:
            results.write(self.out, (self._at(location, lines) for location in known), notes, reports=reports)
        self.path.unlink()

    def _recover(self) -> None:
        """Read the journal of a stopped batch, or the results of a finished one that gets new rows."""
        if self.path.stat().st_size == 0:
            earlier = self._finished() if self.out.exists() else []
            self._write({"engine": self._engine})
            for result in earlier:
                self._write(result)
        else:
            self._drop_torn_line()
        self._learn()

    def _learn(self) -> None:
        """Index the journal by row; of two results for one row the later counts."""
        self.codes, self._challenges, self._places = {}, {}, {}
        for place, result in self._lines():
            self._index(result, place)

    def _index(self, result: dict[str, Any], place: int) -> None:
        location = result["location"]
        self._places[location], self.codes[location] = place, result["code"]
        self._challenges[location] = (result["notes"].get(CHALLENGE) or "").strip()

    def _at(self, location: str, lines: BinaryIO) -> dict[str, Any]:
        lines.seek(self._places[location])
        result: dict[str, Any] = json.loads(lines.readline())
        return result

    def _finished(self) -> list[dict[str, Any]]:
        earlier = results.read(self.out)
        engines = sorted({row["engine"] for row in earlier} - {self._engine})
        if engines:
            raise BatchRefused(self._others(engines[0]))
        return earlier

    def _drop_torn_line(self) -> None:
        self._file.seek(0)
        whole = self._file.read()
        self._file.truncate(whole.rfind(b"\n") + 1)
        if self._file.seek(0, os.SEEK_END) == 0:
            self._write({"engine": self._engine})

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each result with the file position of its line."""
        with self.path.open("rb") as file:
            head = json.loads(file.readline())
            if head["engine"] != self._engine:
                raise BatchRefused(self._others(head["engine"]))
            while True:
                place = file.tell()
                line = file.readline()
                if not line:
                    return
                yield place, json.loads(line)

    def _write(self, line: dict[str, Any]) -> int:
        place = self._file.seek(0, os.SEEK_END)
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        return place

    def _others(self, engine: str) -> str:
        return (
            f"{self.out} was begun by another engine ({engine}; this is {self._engine}), whose answers do not "
            f"compare. Choose another --out, or remove it and {self.path.name}."
        )
