"""Tests of the architecture: imports run downward, files are small and documented, and there are no stubs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[1]
LARGEST = 330
FOLDERS = ("src", "tests", "training", "benchmarks")
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
PACKAGE = ROOT / "src" / "alive402"
MOST_MODULES = 14
OWN = [path for path in SOURCES if "versions" not in path.parts]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_imports_run_downward() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(linter)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout


def modules_of(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*.py") if path.name != "__init__.py"]


def test_every_package_has_private_modules() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    private = {each for one in contracts if one["type"] == "protected" for each in one["protected_modules"]}
    folders = [path.parent for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE]
    packages = {
        ".".join(folder.relative_to(PACKAGE.parent).parts)
        for folder in folders
        if modules_of(folder) and "migrations" not in folder.parts
    }
    assert {f"{package}.*" for package in packages} == private


def test_a_module_is_public_only_if_its_package_exports_it() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    opened = {
        each.partition(" -> ")[2]
        for one in contracts
        if one["type"] == "protected"
        for each in one.get("ignore_imports", ())
    }
    for module in sorted(opened):
        path = PACKAGE.parent.joinpath(*module.split("."))
        if not path.is_dir():
            assert f'"{path.name}"' in (path.parent / "__init__.py").read_text(), module


def test_no_two_modules_import_each_other() -> None:
    graph = grimp.build_graph("alive402", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert [(one, other) for one, found in imports.items() for other in found if one in imports[other]] == []


def test_packages_are_small() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py") if "versions" not in path.parts}
    assert [name(folder) for folder in folders if len(modules_of(folder)) > MOST_MODULES] == []


LAZY = sorted(path for path in PACKAGE.rglob("__init__.py") if "lazy_names(" in path.read_text())


@pytest.mark.parametrize("path", LAZY, ids=name)
def test_lazy_names_are_those_that_type_checkers_see(path: Path) -> None:
    package = ".".join(path.parent.relative_to(PACKAGE.parent).parts)
    seen, loaded, public = set(), set(), set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.If):
            for imported in node.body:
                assert isinstance(imported, ast.ImportFrom)
                seen |= {(imported.module, alias.name) for alias in imported.names if imported.module != package}
            (binding,) = node.orelse
            assert isinstance(binding, ast.Assign)
            assert isinstance(binding.value, ast.Call)
            sources = ast.literal_eval(binding.value.args[1])
            loaded = {(f"{package}.{module}", each) for module, names in sources.items() for each in names}
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            public = {*ast.literal_eval(node.value)}
    assert seen == loaded
    assert {each for _, each in seen} <= public


def test_every_file_has_a_docstring_and_is_small() -> None:
    wrong = []
    for path in OWN:
        lines = path.read_text().splitlines()
        if not re.match(r'"""\S', lines[0]):
            wrong.append(f"{name(path)}: the first line says the purpose")
        if len(lines) > LARGEST:
            wrong.append(f"{name(path)}: {len(lines)} lines, at most {LARGEST}")
        if path.stem in {"utils", "helpers", "common", "manager"}:
            wrong.append(f"{name(path)}: the name says nothing")
    assert wrong == []


def test_source_has_no_stub() -> None:
    stub = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError|unittest|mock)\b")
    sources = [path for path in OWN if path.is_relative_to(ROOT / "src")]
    assert [name(path) for path in sources if stub.search(path.read_text())] == []


def test_package_does_not_load_the_engine() -> None:
    code = (
        "import sys, alive402, alive402.liveness, alive402.cli.main; alive402.Client; "
        "print([m for m in ('cv2', 'av', 'onnxruntime', 'web3', 'sqlalchemy', 'x402') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_public_names_exist() -> None:
    import alive402

    assert all(getattr(alive402, public) is not None for public in alive402.__all__)
    with pytest.raises(AttributeError):
        _ = alive402.nothing_like_this  # type: ignore[attr-defined]
