"""A labelled presentation: the facts of a manifest or data set about one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from alive402.liveness import Challenge

VIDEOS = (".mp4", ".mov", ".avi", ".webm", ".mkv", ".m4v", ".3gp")


class DatasetError(ValueError):
    """A manifest or folder cannot be read; the message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """A labelled file.

    Attributes:
        path: path of the file.
        name: name in score files and reports: its path below the data set, with forward slashes.
        bona_fide: filmed from life.
        attack_type: the PAI species, "" when bona fide; parts are separated by "/", as in `replay/phone`.
        subject: the person, "" when not known.
        source: the set that was filmed together (data set, camera, session); the unit of independence. "" if unknown.
        group: `train`, `dev` or `test` where the data set defines it, else "".
        notes: further columns of the manifest.
        challenge: what the person was asked to do; None without a challenge.
    """

    path: Path
    name: str
    bona_fide: bool
    attack_type: str = ""
    subject: str = ""
    source: str = ""
    group: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
    challenge: Challenge | None = None


def files_under(root: Path, *folders: str, suffixes: tuple[str, ...] = VIDEOS) -> list[Path]:
    """Every file of a kind below one of the folders of `root` (all of it when none is named), sorted by path."""
    starts = [root / folder for folder in folders] or [root]
    return sorted(path for start in starts for path in start.rglob("*") if path.suffix.lower() in suffixes)


def below(path: Path, root: Path) -> str:
    """The name of a file: its path below the data set's folder."""
    return path.relative_to(root).as_posix()
