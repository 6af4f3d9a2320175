"""The cues of stills: `frozen` (one picture shown throughout) and `puppet` (one picture that seems to talk)."""

from __future__ import annotations

from alive402.liveness.cues.still.stills import still

__all__ = ["still"]
