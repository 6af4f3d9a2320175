"""The columns of a batch's results, in order; a manifest's own columns follow them."""

from __future__ import annotations

COLUMNS = {
    "location": "string",
    "verdict": "string",
    "live_confidence": "double",
    "threshold": "double",
    "attack_type": "string",
    "reasons": "strings",
    "freshness": "string",
    "face_confidence": "double",
    "rect": "integers",
    "media_sha256": "string",
    "seconds": "double",
    "code": "string",
    "message": "string",
    "engine": "string",
    "report": "string",
}
"""The type of each column; `report` is optional."""
