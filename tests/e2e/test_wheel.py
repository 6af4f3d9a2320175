"""Tests of the wheel, installed away from the checkout: it judges, serves, sells and verifies; each Python takes it.

`make wheels` also installs it with its packages into clean environments, one for each Python that is at hand.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import site
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from alive402.demo import prepare_samples
from tests.e2e.pages import ROOT

PYTHONS = ("3.11", "3.12", "3.13")
SETTINGS = re.compile("ALIVE402_(?!CACHE)|BUYER_|PYTHON")
INSTALLING_SECONDS = 1200

Done = subprocess.CompletedProcess[str]
in_clean_environments = pytest.mark.skipif(
    "CLEAN_ENVIRONMENTS" not in os.environ, reason="downloads the packages for each Python: make wheels"
)


def environment() -> dict[str, str]:
    """The environment of a stranger: no setting of ours, and a wide terminal."""
    kept = {name: value for name, value in os.environ.items() if not SETTINGS.match(name)}
    return {**kept, "COLUMNS": "200"}


def run(*command: str | Path, folder: Path, seconds: float = 120) -> Done:
    """Run a command in another folder, without the checkout on its path."""
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=seconds)


def succeeded(done: Done) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def python(version: str, folder: Path) -> Path:
    """A Python of this version: the tests' own, one on PATH, or one of pyenv."""
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        return Path(sys.executable)
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for found in (*root.glob(f"versions/{version}.*/bin/python"), shutil.which(f"python{version}")):
        # The name may be that of a pyenv shim without a Python behind it.
        if found and run(found, "-c", "import venv", folder=folder).returncode == 0:
            return Path(found)
    pytest.skip(f"Python {version} is neither on PATH nor in PYENV_ROOT")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    succeeded(run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, folder=ROOT))
    (made,) = folder.glob("*.whl")
    return made


@contextmanager
def serving(programs: Path, folder: Path) -> Iterator[str]:
    """The URL of `alive402 serve` with test money, which stops at the end by SIGTERM."""
    said = (folder / "serve.txt").open("w")
    command: list[str | Path] = [programs / "alive402", "serve", "--port", "0"]
    child = subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=said, text=True)
    try:
        assert child.stdout is not None
        greeting = child.stdout.readline()
        assert greeting.startswith("alive402 is at "), (folder / "serve.txt").read_text()
        yield greeting.split()[-1]
        child.terminate()
        assert child.wait(60) == -15
    finally:
        child.kill()
        child.communicate()
        said.close()


def judges(programs: Path, folder: Path) -> None:
    samples = prepare_samples()
    done = run(
        programs / "alive402", "analyze", samples / "live.mp4", samples / "refilmed.mp4", "--jsonl", folder=folder
    )
    assert (done.returncode, done.stderr) == (1, ""), done.stdout + done.stderr
    assert [json.loads(line)["verdict"] for line in done.stdout.splitlines()] == ["live", "spoof"]


def sells(programs: Path, folder: Path) -> None:
    sample = prepare_samples() / "live.mp4"
    with serving(programs, folder) as url:
        assert httpx.get(f"{url}/readyz").json()["ready"] is True
        assert "A finished answer" in httpx.get(url).text
        bought = ("buy", sample, "--service", url, "--test-money", "--out", "answer.json", "--json")
        assert json.loads(succeeded(run(programs / "alive402", *bought, folder=folder)))["verdict"] == "live"
        checked = ("verify-receipt", "answer.json", "--jwks", f"{url}/.well-known/jwks.json", "--json")
        assert json.loads(succeeded(run(programs / "alive402", *checked, folder=folder)))["verified"] is True


def test_wheel_judges_and_sells_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    made = tmp_path / "environment"
    succeeded(run(sys.executable, "-m", "venv", "--without-pip", made, folder=tmp_path))
    # The packages of the tests' environment, without its link to the checkout.
    (packages,) = made.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text("\n".join(site.getsitepackages()))
    install = ("-m", "pip", "--python", made / "bin" / "python", "install", "--no-deps", "--quiet", wheel)
    succeeded(run(sys.executable, *install, folder=tmp_path))
    where = succeeded(run(made / "bin" / "python", "-c", "import alive402; print(alive402.__file__)", folder=tmp_path))
    assert Path(where.strip()).is_relative_to(made)
    judges(made / "bin", tmp_path)
    sells(made / "bin", tmp_path)


@pytest.mark.parametrize("version", PYTHONS)
def test_every_python_takes_the_wheel_and_compiles_it(wheel: Path, tmp_path: Path, version: str) -> None:
    its = python(version, tmp_path)
    succeeded(run(its, "-m", "venv", "--without-pip", "environment", folder=tmp_path))
    own = tmp_path / "environment" / "bin" / "python"
    install = ("-m", "pip", "--python", own, "install", "--no-deps", "--no-compile", "--quiet", wheel)
    succeeded(run(sys.executable, *install, folder=tmp_path))
    (installed,) = tmp_path.glob("environment/lib/python*/site-packages/alive402")
    succeeded(run(own, "-W", "error", "-m", "compileall", "-q", installed, folder=tmp_path))


@in_clean_environments
@pytest.mark.timeout(2 * INSTALLING_SECONDS + 600)
@pytest.mark.parametrize("version", PYTHONS)
def test_wheel_works_in_a_clean_environment(wheel: Path, tmp_path: Path, version: str) -> None:
    succeeded(run(python(version, tmp_path), "-m", "venv", "environment", folder=tmp_path))
    programs = tmp_path / "environment" / "bin"
    succeeded(run(programs / "pip", "install", "--quiet", wheel, folder=tmp_path, seconds=INSTALLING_SECONDS))
    judges(programs, tmp_path)
    for command in ("serve", "demo"):
        done = run(programs / "alive402", command, folder=tmp_path)
        assert (done.returncode, "alive402[server,devchain]" in done.stderr) == (69, True), done.stderr
    more = f"{wheel}[server,devchain]"
    succeeded(run(programs / "pip", "install", "--quiet", more, folder=tmp_path, seconds=INSTALLING_SECONDS))
    succeeded(run(programs / "pip", "check", folder=tmp_path))
    judges(programs, tmp_path)
    sells(programs, tmp_path)
    assert "on chain 0x" in succeeded(run(programs / "alive402", "demo", folder=tmp_path, seconds=240))
