"""MSU-MFSD: scene01/{real,attack}/{real,attack}_clientNNN_CAMERA_SD_[KIND_]scene01, and two lists of subjects.

Source: Wen, Han and Jain 2015, "Face spoof detection with image distortion analysis". It defines no dev set.
"""

from __future__ import annotations

import re
from pathlib import Path

from alive402.lab.datasets.presentation import DatasetError, Presentation, below, files_under

LISTS = {"train_sub_list.txt": "train", "test_sub_list.txt": "test"}
SPECIES = {"printed_photo": "print", "ipad_video": "replay/tablet", "iphone_video": "replay/phone"}
NAME = re.compile(
    r"(?P<label>real|attack)_client(?P<client>\d+)_(?P<camera>android|laptop)_SD_(?:(?P<kind>\w+)_)?scene\d+"
)


def read(root: Path, protocol: str | None = None) -> list[Presentation]:
    """Every video; its group comes from the subject lists, if there are any."""
    if protocol is not None:
        raise DatasetError("MSU-MFSD has one protocol: omit --protocol.")
    groups = {subject: group for name, group in LISTS.items() for subject in _subjects(root / name)}
    matches = [(path, NAME.fullmatch(path.stem)) for path in files_under(root)]
    return [_presentation(path, match, root, groups) for path, match in matches if match]


def _subjects(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.is_file() else []


def _presentation(path: Path, match: re.Match[str], root: Path, groups: dict[int, str]) -> Presentation:
    client, kind = match["client"], match["kind"] or ""
    species = "" if match["label"] == "real" else SPECIES.get(kind, kind)
    group = groups.get(int(client), "")
    return Presentation(path, below(path, root), match["label"] == "real", species, client, match["camera"], group)
