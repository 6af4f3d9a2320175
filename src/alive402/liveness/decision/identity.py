"""The identity of the engine as a string; scores of different engines do not compare."""

from __future__ import annotations

import hashlib

from alive402.liveness.networks import model_files
from alive402.version import VERSION


def engine_identity(threshold: float | str | None = None) -> str:
    """Version, weights and calibrations, e.g. `0.1.0+2a66c9ba1f03.5d41402a`; and a threshold that was chosen."""
    weights = model_files.registry()[0]["two_view"].sha256[:12]
    numbers = b"".join(path.read_bytes() for path in sorted(model_files.WEIGHTS.glob("*calibration.json")))
    chosen = "" if threshold is None else f".{threshold}"
    return f"{VERSION}+{weights}.{hashlib.sha256(numbers).hexdigest()[:8]}{chosen}"
