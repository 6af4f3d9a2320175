"""Reads a manifest: a CSV with path (or file), label, attack_type (or attack), subject, source, group and challenge."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from alive402.lab.datasets.presentation import DatasetError, Presentation
from alive402.liveness import Challenge

LIVE = ("live", "bonafide", "bona_fide", "bona fide", "real", "genuine", "true", "1")
SPOOF = ("spoof", "attack", "fake", "false", "0")
GROUPS = {"train": "train", "dev": "dev", "devel": "dev", "val": "dev", "test": "test", "eval": "test", "": ""}
PATH, LABEL, ATTACK = ("path", "file"), ("label",), ("attack_type", "attack")
KNOWN = (*PATH, *LABEL, *ATTACK, "subject", "source", "group", "challenge")


def read(path: Path, protocol: str | None = None) -> list[Presentation]:
    """The presentations of a manifest; paths are relative to its folder, those of challenges too.

    Raises:
        DatasetError: not a manifest; the message names line and column.
    """
    if protocol is not None:
        raise DatasetError("A manifest has no protocols: omit --protocol, or use one manifest per protocol.")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            columns = [column.strip().lower() for column in rows.fieldnames or ()]
            rows.fieldnames = columns
            _check_header(path, columns)
            found = [_presentation(path, rows.line_num, row) for row in rows]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} is not a CSV file in UTF-8: {error}.") from None
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from None
    if not found:
        raise DatasetError(f"{path} has a header and no line below it.")
    _check_unique(path, found)
    return found


def _check_header(path: Path, columns: list[str]) -> None:
    for names in (PATH, LABEL):
        if not any(name in columns for name in names):
            wanted = " or ".join(f"'{name}'" for name in names)
            raise DatasetError(
                f"{path}, line 1: there is no column {wanted}. Columns found: {', '.join(columns) or 'none'}."
            )


def _presentation(manifest: Path, line: int, row: dict[str, str | None]) -> Presentation:
    def cell(*names: str) -> str:
        return next((value.strip() for name in names if (value := row.get(name))), "")

    def wrong(names: tuple[str, ...], message: str) -> DatasetError:
        column = next((name for name in names if name in row), names[0])
        return DatasetError(f"{manifest}, line {line}, column '{column}': {message}")

    name, label = cell(*PATH), cell(*LABEL).lower()
    if not name:
        raise wrong(PATH, "no file is named.")
    if label not in LIVE + SPOOF:
        raise wrong(LABEL, f"'{label}' is not a label; write live (bonafide, real) or spoof (attack).")
    group = cell("group").lower()
    if group not in GROUPS:
        raise wrong(("group",), f"'{group}' is not a group; write train, dev or test, or nothing.")
    file = manifest.parent / name
    if not file.is_file():
        raise wrong(PATH, f"there is no file {file}.")
    bona_fide, attack = label in LIVE, cell(*ATTACK)
    if bona_fide and attack:
        raise wrong(ATTACK, f"the label says live, so '{attack}' cannot be its attack.")
    try:
        challenge = read_challenge(manifest.parent / cell("challenge")) if cell("challenge") else None
    except ValueError as error:
        raise wrong(("challenge",), str(error)) from None
    return Presentation(
        path=file,
        name=Path(name).as_posix(),
        bona_fide=bona_fide,
        attack_type=attack,
        subject=cell("subject"),
        source=cell("source"),
        group=GROUPS[group],
        challenge=challenge,
        notes={key: value for key, value in row.items() if key not in KNOWN and isinstance(value, str)},
    )


def read_challenge(path: Path) -> Challenge:
    """Read a challenge of `alive402 challenge new`.

    Raises:
        ValueError: it cannot be read, or is none.
    """
    try:
        return Challenge.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ValueError(f"the challenge {path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not a challenge: {error}") from None


def _check_unique(path: Path, found: list[Presentation]) -> None:
    seen: dict[str, int] = {}
    for place, presentation in enumerate(found):
        first = seen.setdefault(presentation.name, place)
        if first != place:
            raise DatasetError(f"{path}: {presentation.name} occurs twice; every file may occur once.")
