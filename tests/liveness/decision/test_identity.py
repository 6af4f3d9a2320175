"""Tests of the engine's identity."""

from __future__ import annotations

import re
import subprocess
import sys

from alive402.liveness.decision.identity import engine_identity
from alive402.version import VERSION


def test_identity_names_version_weights_and_calibrations() -> None:
    assert re.fullmatch(re.escape(VERSION) + r"\+[0-9a-f]{12}\.[0-9a-f]{8}", engine_identity())


def test_identity_is_the_same_in_every_process() -> None:
    code = "from alive402.liveness.decision.identity import engine_identity; print(engine_identity())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == engine_identity()
