"""Checks that every module of `src/` has its test file, or is listed in tests/mirrors.toml with those that cover it.

The test file of `src/alive402/a/b/c.py` is `tests/a/b/test_c.py`; that of a package's `__init__.py` is named after the
package. A test file covers a module only if it imports it, directly or through other files.
"""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "alive402"
TESTS = ROOT / "tests"
LISTED: dict[str, list[str]] = tomllib.loads((TESTS / "mirrors.toml").read_text())
LOADED_BY_PATH = {"storage/database.py": SOURCE / "storage" / "migrations"}
"""Folders whose modules are loaded by their path: Alembic reads the migrations from the folder."""
IMPORT = re.compile(r"\bfrom ((?:alive402|tests|benchmarks|fuzz)[\w.]*) import (\([^)]*\)|[^\n;]+)")
PLAIN_IMPORT = re.compile(r"\bimport ([\w., ]+)")
QUOTED = re.compile(r'"(alive402\.[\w.]+)"')
NAME = re.compile(r"\w+")


def is_face(path: Path) -> bool:
    """Whether a file is a package's face: a docstring, imports and names, no code of its own."""
    if path.name != "__init__.py":
        return False
    plain = (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign)
    body = ast.parse(path.read_text()).body
    return all(isinstance(each, plain) or ast.unparse(each).startswith("if TYPE_CHECKING:") for each in body)


def mirror_of(module: str) -> Path:
    """The test file that mirrors a module, whether it exists or not."""
    path = Path(module)
    if path.stem == "__init__":
        path = path.parent if path.parent.name else Path("alive402")
    return TESTS / path.parent / f"test_{path.stem}.py"


MODULES = sorted(str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py") if not is_face(path))
OWN = {module for module in MODULES if mirror_of(module).exists()}
PAIRS = [(module, file) for module, files in LISTED.items() for file in files]
PAIRS += [(module, str(mirror_of(module).relative_to(TESTS))) for module in sorted(OWN)]


@cache
def file_of(name: str) -> Path | None:
    """The file of a dotted module name, in `src` or in the repository; None for packages of others."""
    top, *_ = name.split(".")
    if top not in ("alive402", "tests", "benchmarks", "fuzz"):
        return None
    path = (SOURCE.parent if top == "alive402" else ROOT) / name.replace(".", "/")
    return next((each for each in (path / "__init__.py", path.with_suffix(".py")) if each.is_file()), None)


@cache
def behind(module: str, name: str) -> frozenset[Path]:
    """The files behind `from module import name`; a face stands for the module from which it takes the name."""
    source, inner = file_of(module), file_of(f"{module}.{name}")
    if inner or source is None:
        return frozenset({inner} if inner else ())
    for taken_from, listed in IMPORT.findall(source.read_text()) if is_face(source) else ():
        for given in re.finditer(r"(\w+)(?: as (\w+))?", listed):
            if name == (given[2] or given[1]):
                return behind(taken_from, given[1])
    return frozenset({source})


@cache
def imports(file: Path) -> frozenset[Path]:
    """The files that a file imports, also in code that it passes to another Python, or by the command `alive402`."""
    text = file.read_text()
    found = {
        each
        for module, listed in IMPORT.findall(text)
        for name in NAME.findall(re.sub(r" as \w+", "", listed))
        for each in behind(module, name)
    }
    names = {name for listed in PLAIN_IMPORT.findall(text) for name in listed.split(", ")} | {*QUOTED.findall(text)}
    if 'with_name("alive402")' in text:
        names.add("alive402.cli.main")
    parents = {name.rsplit(".", depth)[0] for name in names for depth in range(name.count(".") + 1)}
    found |= {each for name in parents if (each := file_of(name))}
    for loader, folder in LOADED_BY_PATH.items():
        if file == SOURCE / loader:
            found.update(folder.rglob("*.py"))
    return frozenset(found)


@cache
def reached(file: Path) -> frozenset[Path]:
    """All files that a test file reaches, with the fixtures of its folder; those of every test do not count."""
    fixtures = file.with_name("conftest.py")
    waiting = [file, fixtures] if fixtures.is_file() and file.parent != TESTS else [file]
    found: set[Path] = set()
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(imports(one))
    return frozenset(found)


def test_every_module_has_a_test_file_or_an_entry() -> None:
    assert [module for module in MODULES if module not in OWN and module not in LISTED] == []


def test_no_entry_is_stale() -> None:
    assert [module for module in LISTED if module not in MODULES] == []
    assert [module for module in LISTED if module in OWN] == []
    assert [module for module, files in LISTED.items() if not files or len(set(files)) != len(files)] == []
    assert list(LISTED) == sorted(LISTED)


def test_listed_test_files_exist_and_reach_their_module() -> None:
    assert [file for _, file in PAIRS if not (TESTS / file).is_file()] == []
    assert [file for _, file in PAIRS if not Path(file).name.startswith("test_")] == []
    assert [(module, file) for module, file in PAIRS if SOURCE / module not in reached(TESTS / file)] == []


def test_check_of_imports_can_fail() -> None:
    assert SOURCE / "catalog" / "search.py" in reached(TESTS / "catalog" / "test_search.py")
    assert SOURCE / "http" / "app.py" not in reached(TESTS / "catalog" / "test_search.py")
