"""Lazy names of a package: imported on first use, once."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from alive402.lazy import lazy_names


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    folder = tmp_path / "lazily"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from alive402.lazy import lazy_names\n"
        "__getattr__ = lazy_names(__name__, {'values': ['ONE'], 'more': ['names']})\n"
    )
    (folder / "values.py").write_text("ONE = object()\n")
    (folder / "more").mkdir()
    (folder / "more" / "__init__.py").write_text("")
    (folder / "more" / "names.py").write_text("TWO = 2\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__("lazily")
    for name in [each for each in sys.modules if each.split(".")[0] == "lazily"]:
        del sys.modules[name]


def test_module_is_imported_on_first_use(package: types.ModuleType) -> None:
    assert "lazily.values" not in sys.modules
    assert package.ONE is sys.modules["lazily.values"].ONE
    assert vars(package)["ONE"] is package.ONE


def test_public_name_may_be_a_module(package: types.ModuleType) -> None:
    assert package.names.TWO == 2


def test_unknown_name_is_an_attribute_error(package: types.ModuleType) -> None:
    with pytest.raises(AttributeError, match="'lazily' has no attribute 'THREE'"):
        _ = package.THREE


def test_nothing_is_imported_for_an_unknown_name() -> None:
    load = lazy_names("no_such_package", {"values": ["ONE"]})
    with pytest.raises(AttributeError):
        load("TWO")
