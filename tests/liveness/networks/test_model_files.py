"""Tests of the model files: installed from the pinned wheel, checked, and refused when altered."""

from __future__ import annotations

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
