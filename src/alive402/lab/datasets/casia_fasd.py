"""CASIA-FASD: train_release and test_release, a folder a subject, twelve videos each: 1 to 8 and HR_1 to HR_4.

Source: Zhang et al. 2012, "A face antispoofing database with diverse attacks". It defines no dev set.
"""

from __future__ import annotations

from pathlib import Path

from alive402.lab.datasets.presentation import DatasetError, Presentation, below, files_under

FOLDERS = {"train_release": "train", "test_release": "test"}
WARPED, CUT, VIDEO = "print/warped", "print/cut", "replay/tablet"
# three qualities of one camera row: low (odd numbers), normal (even numbers), high (HR)
SPECIES = {
    "1": "", "2": "", "HR_1": "",
    "3": WARPED, "4": WARPED, "HR_2": WARPED,
    "5": CUT, "6": CUT, "HR_3": CUT,
    "7": VIDEO, "8": VIDEO, "HR_4": VIDEO,
}  # fmt: skip


def read(root: Path, protocol: str | None = None) -> list[Presentation]:
    """Every video, or those of a quality: `low`, `normal`, `high`."""
    if protocol not in (None, "low", "normal", "high"):
        raise DatasetError(f"There is no protocol '{protocol}'; there are low, normal and high.")
    found = [_presentation(path, root) for path in files_under(root, *FOLDERS) if path.stem in SPECIES]
    return [one for one in found if protocol in (None, one.source)]


def _presentation(path: Path, root: Path) -> Presentation:
    folder, subject = path.relative_to(root).parts[:2]
    quality = "high" if path.stem.startswith("HR") else "low" if int(path.stem) % 2 else "normal"
    species = SPECIES[path.stem]
    # the numbers restart in each folder, so the folder is part of the subject's name
    return Presentation(
        path, below(path, root), not species, species, f"{FOLDERS[folder]}-{subject}", quality, FOLDERS[folder]
    )
