"""CelebA-Spoof: pictures under Data/{train,test}/SUBJECT/{live,spoof}, labelled in metas/intra_test/*_label.json.

Source: Zhang et al. 2020, "CelebA-Spoof: large-scale face anti-spoofing dataset with rich annotations". It defines no
dev set. Single pictures are judged by the appearance network alone, because there is no movement.
"""

from __future__ import annotations

import json
from pathlib import Path

from alive402.lab.datasets.presentation import DatasetError, Presentation

LISTS = {"train_label.json": "train", "test_label.json": "test"}
SPECIES_AT, ENVIRONMENT_AT, LABELS = 40, 42, 44
SPECIES = (
    "",
    "print/photo",
    "print/poster",
    "print/a4",
    "paper_cut/face_mask",
    "paper_cut/upper_body_mask",
    "paper_cut/region_mask",
    "replay/pc",
    "replay/tablet",
    "replay/phone",
    "mask/3d",
)
ENVIRONMENTS = ("live", "indoor", "outdoor")


def read(root: Path, protocol: str | None = None) -> list[Presentation]:
    """The pictures of a protocol (a folder of `metas`; `intra_test` when none is named)."""
    folder = root / "metas" / (protocol or "intra_test")
    lists = {folder / name: group for name, group in LISTS.items() if (folder / name).is_file()}
    if not lists:
        raise DatasetError(f"{folder} has neither {' nor '.join(LISTS)}.")
    return [
        _presentation(path, root, name, labels, group)
        for path, group in lists.items()
        for name, labels in sorted(_labels(path).items())
    ]


def _labels(path: Path) -> dict[str, list[int]]:
    try:
        table = json.loads(path.read_text())
    except ValueError as error:
        raise DatasetError(f"{path} is not JSON: {error}.") from None
    if not isinstance(table, dict):
        raise DatasetError(f"{path} must be an object of file names and label lists.")
    return table


def _presentation(labelled: Path, root: Path, name: str, labels: list[int], group: str) -> Presentation:
    if len(labels) != LABELS or not 0 <= labels[SPECIES_AT] < len(SPECIES):
        raise DatasetError(f"{labelled}: {name} needs {LABELS} labels, the spoof type (0 to 10) at index {SPECIES_AT}.")
    if not (root / name).is_file():
        raise DatasetError(f"{labelled} lists {name}, which is not below {root}.")
    parts, place = Path(name).parts, labels[ENVIRONMENT_AT]
    return Presentation(
        path=root / name,
        name=name,
        bona_fide=labels[-1] == 0,
        attack_type=SPECIES[labels[SPECIES_AT]],
        subject=parts[2] if len(parts) > 3 else "",
        source=ENVIRONMENTS[place] if 0 <= place < len(ENVIRONMENTS) else "",
        group=group,
    )
