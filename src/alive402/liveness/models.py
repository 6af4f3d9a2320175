"""Model files: where they lie, that they are the right ones, and how they are taken from the wheel at set-up."""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from alive402.liveness import wheels
from alive402.liveness.errors import ModelsMissing

WEIGHTS = Path(str(files("alive402.liveness") / "weights"))


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One line of `registry.toml`: a file, where it comes from, its licence and its sha256."""

    name: str
    file: str
    origin: str
    licence: str
    sha256: str
    about: str
    member: str = ""

    @property
    def path(self) -> Path:
        """Where the file lies, or will lie once installed."""
        return (WEIGHTS if self.origin == "packaged" else cache_folder()) / self.file


def cache_folder() -> Path:
    """`$ALIVE402_CACHE`, else `$XDG_CACHE_HOME/alive402`, else `~/.cache/alive402`; models are in `models/` there."""
    if chosen := os.environ.get("ALIVE402_CACHE"):
        return Path(chosen) / "models"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "alive402" / "models"


@cache
def registry() -> tuple[dict[str, ModelFile], dict[str, wheels.Wheel]]:
    """Every model by name, and every wheel by name, as `weights/registry.toml` lists them."""
    tables = tomllib.loads((WEIGHTS / "registry.toml").read_text())
    sources = {name: wheels.Wheel(**entry) for name, entry in tables.pop("wheels").items()}
    return {name: ModelFile(name=name, **entry) for name, entry in tables.items()}, sources


def is_installed(model: ModelFile) -> bool:
    """Whether the file is there and is byte for byte the one that the registry names."""
    try:
        with model.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == model.sha256
    except OSError:
        return False


def locate(name: str) -> Path:
    """The path of an installed model.

    Raises:
        ModelsMissing: it is absent, or its sha256 is not the registry's.
    """
    model = registry()[0][name]
    if not is_installed(model):
        raise ModelsMissing(f"The model file {model.file} is not installed. Run `alive402 models install`.", model=name)
    return model.path


def ensure(say: Callable[[str], None] = lambda _: None) -> None:
    """Install what is missing; nothing happens when all is there.

    Args:
        say: called with a sentence before each slow step.

    Raises:
        ModelsMissing: the wheel could not be downloaded, or is not the pinned one.
    """
    models, sources = registry()
    missing = [model for model in models.values() if not is_installed(model)]
    for name, wheel in sources.items():
        wanted = [model for model in missing if model.origin == name]
        if wanted:
            say(f"Taking {len(wanted)} face models from the wheel {wheel.requirement} (36 MB, once) ...")
            wheels.take(wheel, {model.member: model.path for model in wanted})
    broken = [model.file for model in models.values() if not is_installed(model)]
    if broken:
        raise ModelsMissing(f"These model files do not have the sha256 that the registry names: {', '.join(broken)}.")
