"""OULU-NPU: Train_files, Dev_files, Test_files with phone_session_user_type.avi, and Protocols/Protocol_N/*.txt.

Source: Boulkenafet et al. 2017, "OULU-NPU: a mobile face presentation attack database with real-world variations".
"""

from __future__ import annotations

import re
from pathlib import Path

from alive402.lab.datasets.presentation import DatasetError, Presentation, below, files_under

FOLDERS = {"Train_files": "train", "Dev_files": "dev", "Test_files": "test"}
LISTS = {"Train": "train", "Dev": "dev", "Test": "test"}
SPECIES = {"2": "print/printer_1", "3": "print/printer_2", "4": "replay/display_1", "5": "replay/display_2"}
NAME = re.compile(r"(?P<phone>[1-6])_(?P<session>[1-3])_(?P<user>\d{2})_(?P<type>[1-5])")


def read(root: Path, protocol: str | None = None) -> list[Presentation]:
    """Every video, or those of a protocol: `1`, `2`, `3_1` to `3_6`, `4_1` to `4_6`.

    Raises:
        DatasetError: there is no such protocol, or it lists a missing video.
    """
    videos = {path.stem: path for path in files_under(root, *FOLDERS) if NAME.fullmatch(path.stem)}
    if protocol is None:
        return [_presentation(path, root, FOLDERS[_folder(path, root)]) for path in videos.values()]
    return [
        _presentation(_find(videos, name, protocol), root, group)
        for stem, group in LISTS.items()
        for name in _listed(root, protocol, stem)
    ]


def _listed(root: Path, protocol: str, stem: str) -> list[str]:
    number, _, part = protocol.partition("_")
    path = root / "Protocols" / f"Protocol_{number}" / (f"{stem}_{part}.txt" if part else f"{stem}.txt")
    if not path.is_file():
        raise DatasetError(f"Protocol {protocol} needs {path}, which is missing. There are 1, 2, 3_1..3_6, 4_1..4_6.")
    return [line.split(",")[1].strip() for line in path.read_text().splitlines() if "," in line]


def _find(videos: dict[str, Path], name: str, protocol: str) -> Path:
    if name not in videos:
        raise DatasetError(f"Protocol {protocol} lists {name}, which is in none of {', '.join(FOLDERS)}.")
    return videos[name]


def _folder(path: Path, root: Path) -> str:
    return path.relative_to(root).parts[0]


def _presentation(path: Path, root: Path, group: str) -> Presentation:
    _, session, user, kind = path.stem.split("_")
    source = f"session_{session}"
    return Presentation(path, below(path, root), kind == "1", SPECIES.get(kind, ""), user, source, group)
