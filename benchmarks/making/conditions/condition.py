"""Condition: a change of a clip that keeps its label."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np

from benchmarks.making import footage as footage_module
from benchmarks.making.footage import Encoding, Footage

Alter = Callable[[Footage, np.random.Generator], Footage]

GROUPS = ("light", "detail", "encoding", "time", "geometry", "framing", "covered")
"""The groups, in the order of the tables."""


def unchanged(footage: Footage, rng: np.random.Generator) -> Footage:
    """Return the footage unchanged."""
    return footage


@dataclass(frozen=True, slots=True)
class Condition:
    """A change of the frames and their encoding.

    Attributes:
        name: short, unique.
        says: one sentence for people.
        group: one of `GROUPS`, or `control`.
        alter: changes the frames; must not depend on anything but the footage and the generator.
        encoding: of the file.
    """

    name: str
    says: str
    group: str
    alter: Alter = unchanged
    encoding: Encoding = field(default_factory=Encoding)

    def fingerprint(self) -> str:
        """Hash of the code that makes it, so that answers to clips made by other code are not mixed in."""
        return source_hash(self.alter.__module__, f"{self.name}{self.encoding}")


@cache
def source_hash(module: str, more: str = "") -> str:
    """12 hex digits: hash of the source of a module, of the footage module, and of further text."""
    files = (Path(str(sys.modules[module].__file__)), Path(footage_module.__file__))
    return sha256(b"".join(file.read_bytes() for file in files) + more.encode()).hexdigest()[:12]


CONTROL = Condition("as they are", "Encoded again, nothing altered: what every condition is compared with.", "control")
