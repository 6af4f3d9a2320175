"""Rows of a batch: the lines of a manifest, or every video and picture in a folder or bucket."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from alive402.batch.columns import COLUMNS
from alive402.errors import CodedError
from alive402.liveness import Challenge

LOCATION = ("path", "file", "url", "uri", "location")
"""Columns of a manifest that may hold the file's location; the first one found counts."""
CHALLENGE = "challenge"
"""Column of a manifest with the file of the challenge that a video has to answer."""
SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".3gp", ".avi", ".webm", ".mkv", ".flv", ".mpg", ".mpeg", ".ts", ".wmv", ".asf", ".rm"}
    | {".ogv", ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".heic", ".heif", ".hif", ".avif"}
)
"""File extensions that are judged in a folder; a manifest may name any file."""


class BatchRefused(CodedError):
    """The batch cannot begin; the message says what to change."""

    code = "batch_refused"
    status = 400
    default = "The batch cannot begin."


@dataclass(frozen=True, slots=True)
class Row:
    """One file to judge.

    Attributes:
        location: as written in the manifest; unique.
        place: the resolved location: an absolute path, an http(s) URL, or a URI of a bucket.
        notes: the other columns of the manifest, copied to the result.
        challenge: what the video has to answer; None without a challenge.
    """

    location: str
    place: str
    notes: dict[str, str] = field(default_factory=dict)
    challenge: Challenge | None = None


def read(source: str) -> list[Row]:
    """Read the rows of a manifest (a CSV with a column path, file, url or uri), of a folder, or of a bucket's prefix.

    A source with `://` is read by pyarrow, with the credentials of the environment. Paths in a manifest are relative
    to its own folder, also those of a column challenge.

    Raises:
        BatchRefused: it cannot be read, or is empty.
    """
    rows = _remote(source) if "://" in source else _local(Path(source))
    if not rows:
        raise BatchRefused(f"There is no video or picture in {source}.")
    return rows


def file_system(uri: str) -> tuple[Any, str]:
    """The pyarrow file system of a URI, and the path in it.

    Raises:
        BatchRefused: pyarrow is not installed, or cannot open the URI.
    """
    try:
        from pyarrow import fs
    except ImportError as error:
        raise BatchRefused("Buckets need pyarrow. Run: pip install 'alive402[batch]'") from error
    try:
        found: tuple[Any, str] = fs.FileSystem.from_uri(uri)
    except (OSError, ValueError, TypeError) as error:
        raise BatchRefused(f"{uri} cannot be opened: {error}") from error
    return found


def _local(source: Path) -> list[Row]:
    if source.is_dir():
        found = sorted(path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        return [Row(str(path.relative_to(source)), str(path.absolute())) for path in found]
    try:
        text = source.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BatchRefused(f"{source} is not a CSV in UTF-8. Give a manifest, a folder or a bucket's URI.") from None
    except OSError as error:
        raise BatchRefused(f"{source} cannot be read: {error.strerror}.") from error
    return _manifest(text, str(source), lambda name: str((source.parent / name).absolute()))


def _remote(uri: str) -> list[Row]:
    from pyarrow import fs

    store, path = file_system(uri)
    scheme = uri.partition("://")[0]
    try:
        if PurePosixPath(path).suffix.lower() == ".csv":
            with store.open_input_stream(path) as stream:
                text = stream.read().decode("utf-8-sig")
            base = uri.rpartition("/")[0]
            return _manifest(text, uri, lambda name: f"{base}/{name}")
        listed = store.get_file_info(fs.FileSelector(path, recursive=True))
    except (OSError, UnicodeDecodeError) as error:
        raise BatchRefused(f"{uri} cannot be read: {error}") from error
    files = (each.path for each in listed if each.is_file)
    chosen = [each for each in sorted(files) if PurePosixPath(each).suffix.lower() in SUFFIXES]
    return [Row(str(PurePosixPath(each).relative_to(path)), f"{scheme}://{each}") for each in chosen]


def _manifest(text: str, name: str, resolve: Callable[[str], str]) -> list[Row]:
    lines = csv.DictReader(io.StringIO(text, newline=""))
    columns = [column.strip().lower() for column in lines.fieldnames or ()]
    lines.fieldnames = columns
    column = next((each for each in LOCATION if each in columns), None)
    if column is None:
        raise BatchRefused(f"{name}, line 1: there is none of the columns {', '.join(LOCATION)}.")
    clash = sorted(COLUMNS.keys() & set(columns) - {column})
    if clash:
        raise BatchRefused(f"{name}, line 1: the column {clash[0]} is also a column of the results. Rename it.")
    rows: dict[str, Row] = {}
    for line in lines:
        written = (line.get(column) or "").strip()
        if not written:
            raise BatchRefused(f"{name}, line {lines.line_num}: the column {column} is empty.")
        place = written if "://" in written else resolve(written)
        if written in rows:
            raise BatchRefused(f"{name}, line {lines.line_num}: {written} occurs twice.")
        try:
            asked = _challenge((line.get(CHALLENGE) or "").strip(), resolve)
        except (ValueError, RecursionError, OSError, BatchRefused) as error:
            why = error.strerror or error if isinstance(error, OSError) else error
            message = f"{name}, line {lines.line_num}, column {CHALLENGE}: {line[CHALLENGE]} is not a challenge: {why}"
            raise BatchRefused(message) from None
        rows[written] = Row(written, place, _notes(line, column), asked)
    return list(rows.values())


def _challenge(written: str, resolve: Callable[[str], str]) -> Challenge | None:
    """The challenge of a file of the manifest's folder or of a bucket; None where none is named."""
    if not written:
        return None
    place = written if "://" in written else resolve(written)
    if "://" not in place:
        return Challenge.from_dict(json.loads(Path(place).read_bytes()))
    store, path = file_system(place)
    with store.open_input_stream(path) as stream:
        return Challenge.from_dict(json.loads(stream.read()))


def _notes(line: dict[str, Any], column: str) -> dict[str, str]:
    return {key: value for key, value in line.items() if key and key != column and isinstance(value, str)}


def columns_of(rows: Iterable[Row]) -> list[str]:
    """The names of all notes, in order of appearance."""
    return list(dict.fromkeys(name for row in rows for name in row.notes))
