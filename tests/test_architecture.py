"""Tests of the architecture: imports run downward, files are small and documented, and there are no stubs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LARGEST = 330
FOLDERS = ("src", "tests", "training", "benchmarks")
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
OWN = [path for path in SOURCES if "versions" not in path.parts]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_imports_run_downward() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(linter)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", OWN, ids=name)
def test_file_has_a_docstring_and_is_small(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert re.match(r'"""\S', lines[0]), "the first line says the purpose"
    assert len(lines) <= LARGEST
    assert path.stem not in {"utils", "helpers", "common", "manager"}


@pytest.mark.parametrize("path", [path for path in OWN if path.is_relative_to(ROOT / "src")], ids=name)
def test_source_has_no_stub(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\b(TODO|FIXME|XXX|NotImplementedError|unittest|mock)\b", text)


def test_package_does_not_load_the_engine() -> None:
    code = (
        "import sys, alive402, alive402.liveness, alive402.cli.main; "
        "print([m for m in ('cv2', 'av', 'onnxruntime', 'web3', 'sqlalchemy', 'x402') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_public_names_exist() -> None:
    import alive402

    assert all(getattr(alive402, public) is not None for public in alive402.__all__)
    with pytest.raises(AttributeError):
        _ = alive402.nothing_like_this  # type: ignore[attr-defined]
