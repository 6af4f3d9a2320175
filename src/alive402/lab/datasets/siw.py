"""SiW (Spoof in the Wild): {Train,Test}/{live,spoof}/SUBJECT/SUBJECT-SENSOR-TYPE-MEDIUM-SESSION.mov.

Source: Liu, Jourabloo and Liu 2018, "Learning deep models for face anti-spoofing: binary or auxiliary supervision".
It defines no dev set.
"""

from __future__ import annotations

import re
from pathlib import Path

from alive402.lab.datasets.presentation import DatasetError, Presentation, below, files_under

FOLDERS = {"Train": "train", "Test": "test"}
SPECIES = {"1": "", "2": "print", "3": "replay"}
NAME = re.compile(r"(?P<subject>\d{3})-(?P<sensor>\d)-(?P<type>[123])-(?P<medium>\d)-(?P<session>\d)")


def read(root: Path, protocol: str | None = None) -> list[Presentation]:
    """Every video; the species is named by its medium, as `print/1` or `replay/4`."""
    if protocol is not None:
        raise DatasetError("SiW's protocols choose training data, which is not used here: omit --protocol.")
    matches = [(path, NAME.fullmatch(path.stem)) for path in files_under(root, *FOLDERS)]
    return [_presentation(path, match, root) for path, match in matches if match]


def _presentation(path: Path, match: re.Match[str], root: Path) -> Presentation:
    kind = SPECIES[match["type"]]
    species = f"{kind}/{match['medium']}" if kind else ""
    group = FOLDERS[path.relative_to(root).parts[0]]
    return Presentation(
        path, below(path, root), not kind, species, match["subject"], f"sensor_{match['sensor']}", group
    )
