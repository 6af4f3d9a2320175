"""Tests of naming the extra that brings a missing module."""

from __future__ import annotations

import doctest
import tomllib
from pathlib import Path

from alive402.cli.terminal import extra_of, extras

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]


def test_examples_hold() -> None:
    assert doctest.testmod(extras).failed == 0


def test_every_named_extra_exists() -> None:
    named = {
        extra_of(module) for module in ("fastapi", "eth", "solana", "opentelemetry", "pyarrow", "ray", "Tea", "scipy")
    }
    assert None not in named
    assert named <= PROJECT["optional-dependencies"].keys()
