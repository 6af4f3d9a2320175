"""The file of a batch's results: Parquet, CSV or JSON lines, as its name says; read back when a batch goes on."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from alive402.batch.columns import COLUMNS
from alive402.batch.rows import BatchRefused

CHUNK = 2_000
"""Rows per write to Parquet."""
SUFFIXES = (".parquet", ".csv", ".jsonl", ".ndjson")
MOST_CELL = 2**31 - 1
"""Most letters of a cell of CSV: a whole report has more than Python's default of 131,072."""
Result = dict[str, Any]
"""The result of one row: the columns, and `notes`, the manifest's own columns."""


def check_name(out: Path) -> None:
    """Check that the results can be written in the form that the name says.

    Raises:
        BatchRefused: the name ends otherwise, or Parquet needs a package that is not installed.
    """
    if out.suffix.lower() not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise BatchRefused(f"--out {out.name} names no form of results. End it in one of {known}.")
    if out.suffix.lower() == ".parquet":
        try:
            import pyarrow  # noqa: F401
        except ImportError as error:
            raise BatchRefused(
                f"Parquet needs pyarrow. Run: pip install 'alive402[batch]', or write --out {out.with_suffix('.csv')}"
            ) from error


def write(out: Path, results: Iterable[Result], notes: Sequence[str], *, reports: bool) -> None:
    """Write the results in one go; another process sees the old file or the whole new one.

    Args:
        out: its ending is one of `SUFFIXES`.
        results: in order; read once.
        notes: names of the manifest's own columns.
        reports: with the column of whole reports, as JSON.
    """
    columns = [*(name for name in COLUMNS if reports or name != "report"), *notes]
    whole = out.with_name(out.name + ".new")
    rows = ({name: _cell(name, result) for name in columns} for result in results)
    if out.suffix.lower() == ".parquet":
        _write_parquet(whole, rows, notes, reports=reports)
    else:
        with whole.open("w", encoding="utf-8", newline="") as file:
            if out.suffix.lower() == ".csv":
                lines = csv.DictWriter(file, columns, lineterminator="\n")
                lines.writeheader()
                lines.writerows({name: _plain(value) for name, value in row.items()} for row in rows)
            else:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            file.flush()
            os.fsync(file.fileno())
    whole.replace(out)


def read(out: Path) -> list[Result]:
    """The results of a finished batch.

    Raises:
        BatchRefused: the file is not the result of a batch.
    """
    try:
        rows = list(_rows(out))
        if not all(row["location"] and row["engine"] for row in rows):
            raise ValueError("a row without a location")
        return [
            {
                **{name: value for name, value in row.items() if name in COLUMNS},
                "notes": {name: value for name, value in row.items() if name not in COLUMNS and value is not None},
            }
            for row in rows
        ]
    except (ValueError, OSError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise BatchRefused(f"{out} exists and is not the result of a batch. Choose another --out.") from error


def count_verdicts(out: Path) -> dict[str, int]:
    """How many results of a finished batch have each verdict."""
    if out.suffix.lower() == ".parquet":
        from pyarrow import parquet

        verdicts = Counter(parquet.read_table(out, columns=["verdict"])["verdict"].to_pylist())
    else:
        verdicts = Counter(row["verdict"] for row in _rows(out))
    return {verdict: count for verdict, count in sorted(verdicts.items(), key=str) if verdict}


def _rows(out: Path) -> Iterator[dict[str, Any]]:
    if out.suffix.lower() == ".parquet":
        from pyarrow import parquet

        # ArrowInvalid is a ValueError.
        yield from parquet.read_table(out).to_pylist()
        return
    with out.open(encoding="utf-8", newline="") as file:
        if out.suffix.lower() == ".csv":
            csv.field_size_limit(MOST_CELL)
            lines = csv.DictReader(file)
            if not {"location", "engine"} <= {*(lines.fieldnames or ())}:
                raise ValueError("no columns of a batch")
            yield from ({name: _typed(name, text) for name, text in line.items()} for line in lines)
        else:
            yield from map(json.loads, file)


def _plain(value: Any) -> Any:
    """A value of one cell of CSV: a list with spaces between its elements."""
    return " ".join(map(str, value)) if isinstance(value, list) else value


def _typed(name: str, text: str) -> Any:
    """The value of a cell of CSV; an empty one is None, but for lists."""
    match COLUMNS.get(name):
        case "strings":
            return text.split()
        case "integers":
            return [int(number) for number in text.split()] or None
        case "double":
            return float(text) if text else None
        case _:
            return text or None


def _cell(name: str, row: Result) -> Any:
    return row[name] if name in row else row["notes"].get(name)


def _write_parquet(path: Path, rows: Iterable[dict[str, Any]], notes: Sequence[str], *, reports: bool) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {
        "string": pa.string(),
        "double": pa.float64(),
        "strings": pa.list_(pa.string()),
        "integers": pa.list_(pa.int32()),
    }
    fields = {name: kinds[kind] for name, kind in COLUMNS.items() if reports or name != "report"}
    schema = pa.schema([*fields.items(), *((name, pa.string()) for name in notes)])
    # A few rows at a time, because a batch of millions does not fit into memory.
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for chunk in _chunks(rows):
            writer.write_table(pa.Table.from_pylist(chunk, schema=schema))


def _chunks(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    chunk: list[dict[str, Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
