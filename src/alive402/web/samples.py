"""The project's sample clips, one filmed from life and one re-filmed, and the finished answer of the second.

`alive402 serve` and `alive402 demo` make the files once, in the cache; until then the pages show none.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from alive402.liveness import model_files

SAMPLES_PATH = "/samples"
SAMPLE_FILES = ("live.mp4", "live.jpg", "refilmed.mp4", "refilmed.jpg", "face.jpg")
"""The clips, a small picture of each, and the frame that shows the re-filming best."""


@dataclass(frozen=True, slots=True)
class ShownSample:
    """A sample clip on a page; `video` and `picture` are paths on the site."""

    name: str
    about: str
    video: str
    picture: str


_SHOWN = (
    ShownSample("Filmed from life", "4 s, a man in a car", f"{SAMPLES_PATH}/live.mp4", f"{SAMPLES_PATH}/live.jpg"),
    ShownSample(
        "Re-filmed from a phone", "the same 4 s", f"{SAMPLES_PATH}/refilmed.mp4", f"{SAMPLES_PATH}/refilmed.jpg"
    ),
)


def samples_folder() -> Path:
    """Where the files are, or will be."""
    return model_files.cache_folder().parent / "samples"


def shown_samples() -> tuple[ShownSample, ...]:
    """The sample clips, none unless all their files are there."""
    try:
        folder = samples_folder()
        return _SHOWN if all((folder / name).is_file() for name in SAMPLE_FILES) else ()
    except (OSError, RuntimeError):
        # The cache cannot be read, or the user has no home folder.
        return ()


@functools.cache
def finished_answer() -> dict[str, Any]:
    """The report of the re-filmed sample, as an answer has it; a test compares it with the engine."""
    return dict(json.loads((files("alive402.web") / "finished_answer.json").read_text()))
