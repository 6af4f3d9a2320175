"""Tests of the model files: installed from the pinned wheel, checked, and refused when altered."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alive402.liveness import Analyzer, ModelsMissing
from alive402.liveness.networks import model_files
from alive402.liveness.networks import wheel_download as wheels


def test_missing_and_altered_models_are_reinstalled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIVE402_CACHE", str(tmp_path))
    with pytest.raises(ModelsMissing):
        model_files.locate("face_mesh")
    said: list[str] = []
    model_files.ensure(said.append)
    assert len(said) == 1
    path = model_files.locate("face_mesh")
    assert path.is_relative_to(tmp_path)
    # Another user than the one who installed them may run the service.
    assert path.stat().st_mode & 0o777 == 0o644
    model_files.ensure(said.append)
    assert len(said) == 1, "installed once"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelsMissing):
        model_files.locate("face_mesh")
    Analyzer()
    assert model_files.locate("face_mesh") == path


def test_folder_that_cannot_be_written_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ALIVE402_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelsMissing, match="Set ALIVE402_CACHE"):
        model_files.ensure()
    (expert, *_), *_ = model_files.experts().values()
    with pytest.raises(ModelsMissing, match="sha256"):
        model_files.add(expert, b"")


def test_user_without_a_home_folder_is_told_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "ALIVE402_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CACHE_DIRECTORY", f"{tmp_path}:/elsewhere")
    assert model_files.cache_folder() == tmp_path / "models"
    monkeypatch.delenv("CACHE_DIRECTORY")
    # A user id that the machine's list of users does not have, as in a container.
    monkeypatch.setattr(os, "getuid", lambda: 4_020_402)
    with pytest.raises(ModelsMissing, match="Set ALIVE402_CACHE"):
        model_files.cache_folder()


def test_wheel_with_another_hash_is_refused(tmp_path: Path) -> None:
    forged = wheels.Wheel("six==1.17.0", "any", "3.11", "0" * 64, "")
    with pytest.raises(ModelsMissing):
        wheels.extract_from_wheel(forged, {"six.py": tmp_path / "six.py"})
    assert not (tmp_path / "six.py").exists()


def test_every_model_states_its_licence_and_origin() -> None:
    for model in model_files.registry()[0].values():
        assert model.licence == "Apache-2.0"
        assert len(model.sha256) == 64
        assert model.about
        assert model_files.is_installed(model) or model.expert
