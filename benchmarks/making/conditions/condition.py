"""Condition: one thing that happens to a clip and leaves its label as it is."""

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
"""In the order in which tables show them."""


def unchanged(footage: Footage, rng: np.random.Generator) -> Footage:
    """The footage as it is."""
    return footage


@dataclass(frozen=True, slots=True)
class Condition:
    """What is done to the frames, and how they are encoded.

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
        """Hash of the code that makes it: answers to clips that other code made must not be mixed in."""
        return source_hash(self.alter.__module__, f"{self.name}{self.encoding}")


@cache
def source_hash(module: str, more: str = "") -> str:
    """12 hex digits of the source of a module, of the footage module, and of further text."""
    files = (Path(str(sys.modules[module].__file__)), Path(footage_module.__file__))
    return sha256(b"".join(file.read_bytes() for file in files) + more.encode()).hexdigest()[:12]


CONTROL = Condition("as they are", "Encoded again, nothing altered: what every condition is compared with.", "control")
