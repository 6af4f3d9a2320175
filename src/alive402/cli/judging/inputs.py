"""The inputs of `alive402 analyze`: files, folders, patterns, URLs, standard input; each wrong one says what to do."""

from __future__ import annotations

import asyncio
import glob
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from alive402.errors import CodedError

STDIN = "-"
_STREAMS = ("rtsp", "rtsps", "rtmp", "rtmps", "srt", "udp", "rtp", "mms")
_BUCKETS = ("s3", "gs", "gcs", "az", "abfs", "abfss", "hdfs")


class InputRefused(CodedError):
    """The command line names nothing that can be judged; the message says what to do."""

    code = "input_refused"
    status = 400
    default = "This cannot be judged."


class NoSuchFile(InputRefused):
    """There is no such file."""

    code = "file_not_found"
    default = "There is no such file."


@dataclass(frozen=True, slots=True)
class Input:
    """One thing to judge: a path, an http(s) URL, `-` for standard input, or why it is none.

    Attributes:
        name: as it was written, or as it was found in a folder.
        refused: why it cannot be judged.
        camera: it is the device of a camera.
    """

    name: str
    refused: InputRefused | None = None
    camera: bool = False


def expanded(names: Sequence[str]) -> list[Input]:
    """Each file that the names stand for, in order: folders and patterns are replaced by what is in them.

    A folder is searched with all folders in it. A pattern (`*`, `?`, `[...]`, `**`) is for shells that expand none.
    """
    return [one for place, name in enumerate(names) for one in _expanded(name, again=name in names[:place])]


def _expanded(name: str, *, again: bool) -> Iterator[Input]:
    if name == STDIN:
        wrong = "Standard input was named before." if again else _why_not_stdin()
        yield Input(name, InputRefused(wrong) if wrong else None)
    elif "://" in name:
        yield from _of_url(name)
    else:
        yield from _of_path(name)


def _of_url(name: str) -> Iterator[Input]:
    scheme = name.partition("://")[0].lower()
    if scheme == "file":
        yield from _of_path(url2pathname(urlsplit(name).path))
    elif scheme in ("http", "https"):
        yield Input(name)
    else:
        yield Input(name, InputRefused(_of_scheme(scheme, name)))


def _of_scheme(scheme: str, name: str) -> str:
    if scheme in _STREAMS:
        return f"A stream has no end. Record some seconds and judge the file: ffmpeg -i '{name}' -t 6 -an clip.mp4"
    if scheme in _BUCKETS:
        return f"`alive402 batch {name} --out results.csv` judges what is in a bucket."
    return f"{scheme}:// is not fetched. Give a path, or a URL of http or https."


def _of_path(name: str) -> Iterator[Input]:
    from alive402.batch.rows import SUFFIXES

    path = Path(name).expanduser()
    if path.is_dir():
        found = sorted(each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES and each.is_file())
        if not found:
            yield Input(name, InputRefused("There is no video and no picture in this folder."))
        yield from (Input(str(each)) for each in found)
    elif not path.exists() and glob.has_magic(name):
        matching = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207  Path.glob takes no absolute pattern
        if not matching:
            yield Input(name, NoSuchFile("No file has a name of this pattern."))
        yield from (Input(each) for each in matching if Path(each).is_file())
    elif not path.exists():
        yield Input(name, NoSuchFile(_missing(name)))
    else:
        yield Input(str(path))


def _missing(name: str) -> str:
    head = name.partition("/")[0]
    if "/" in name and not Path(head).exists() and ("." in head.strip(".") or ":" in head):
        return f"There is no such file. For a URL write https://{name}"
    return "There is no such file."


def _why_not_stdin() -> str | None:
    if sys.stdin is None or sys.stdin.isatty():
        return "Nothing is piped into standard input. Pipe a file: alive402 analyze - < selfie.mp4"
    return None


@contextmanager
def fetched(one: Input, *, private: bool) -> Iterator[Path]:
    """The file of an input while the block runs: fetched from its URL, read from standard input, or as it is.

    Raises:
        InputRefused: it names nothing that can be judged.
        IntakeError, VideoTooLarge: it cannot be fetched, or is too large.
        OSError: it cannot be read.
    """
    if one.refused is not None:
        raise one.refused
    if one.name != STDIN and not one.name.startswith(("http://", "https://")):
        yield Path(one.name)
        return
    from alive402.intake import FetchLimits, fetch_file

    with tempfile.TemporaryDirectory(prefix="alive402-") as folder:
        path, limits = Path(folder, "media"), FetchLimits(allow_private=private)
        if one.name == STDIN:
            _save(sys.stdin.buffer, path, limits.max_bytes)
        else:
            asyncio.run(fetch_file(one.name, path, limits))
        yield path


def _save(source: BinaryIO, path: Path, most: int) -> None:
    from alive402.liveness import VideoTooLarge

    content = source.read(most + 1)
    if not content:
        raise InputRefused("Standard input is empty. Pipe a file: alive402 analyze - < selfie.mp4")
    if len(content) > most:
        raise VideoTooLarge(
            f"The file has more than {most / 1e6:.0f} MB. Send a shorter or smaller one.", max_bytes=most
        )
    path.write_bytes(content)
