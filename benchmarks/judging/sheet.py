"""Draws a contact sheet: one frame of each condition of one clip with its name, for a visual check."""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np

from alive402.liveness.faces import FaceFinder
from benchmarks.making.conditions import CONDITIONS, altered
from benchmarks.making.footage import Image, read, save

TILE = 240
COLUMNS = 8
LABEL = 18
SECONDS = 0.5


def draw(clip: Path, out: Path, seed: int) -> None:
    """Write the sheet as PNG: the decoded frame from the middle of the clip's first half second.

    Raises:
        UnusableVideo: no frame of the clip can be decoded.
        OSError: the clip cannot be opened, the sheet cannot be written.
    """
    footage = read(clip, FaceFinder(1), SECONDS)
    tiles = []
    for condition in CONDITIONS.values():
        with tempfile.TemporaryDirectory(prefix="conditions") as folder:
            path = Path(folder) / f"clip{condition.encoding.suffix}"
            save(altered(condition, footage, seed), path, condition.encoding)
            frames = read(path, None).frames
        tiles.append(_tile(frames[len(frames) // 2], condition.name))
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % COLUMNS)
    rows = [np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    _, data = cv2.imencode(".png", np.vstack(rows))
    out.write_bytes(data.tobytes())


def _tile(frame: Image, name: str) -> Image:
    """The whole frame in a square, with its name below."""
    scale = TILE / max(frame.shape[:2])
    small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    tile = np.full((TILE + LABEL, TILE + 4, 3), 255, np.uint8)
    top, left = (TILE - small.shape[0]) // 2, (TILE - small.shape[1]) // 2
    tile[max(top, 0) : max(top, 0) + small.shape[0], max(left, 0) : max(left, 0) + small.shape[1]] = small
    cv2.putText(tile, name, (4, TILE + 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return tile
