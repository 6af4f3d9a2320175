"""The folder of awkward files: ALIVE402_AWKWARD_FILES, else `../shared/data/awkward` beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

AWKWARD = Path(
    os.environ.get("ALIVE402_AWKWARD_FILES") or Path(__file__).resolve().parents[3] / "shared" / "data" / "awkward"
)
needs_awkward = pytest.mark.skipif(
    not AWKWARD.exists(), reason="no awkward files here (ALIVE402_AWKWARD_FILES is not set)"
)
