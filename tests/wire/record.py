"""`python -m tests.wire.record`: records the wire anew from the present code; review the difference in git."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.wire.recorded import RECORD

if __name__ == "__main__":
    os.environ[RECORD] = "1"
    sys.exit(pytest.main([str(Path(__file__).parent), "-p", "no:xdist", *sys.argv[1:]]))
