"""Tests of the command line as a whole: exit codes, help, missing extras, closed pipes, Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import alive402.__main__ as command
from alive402 import __version__
from alive402.cli.main import EXIT_PIPE, EXIT_USAGE, app, main

Run = Callable[..., tuple[int, str, str]]

COMMANDS_WITHOUT_EXTRAS = """
import contextlib, importlib.abc, io, json, os, sys
from alive402.cli.terminal import extra_of

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if extra_of(name):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from alive402.cli.main import main
found = {}
for words in json.loads(sys.argv[1]):
    sys.argv = ["alive402", *words.split()]
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            main()
        except SystemExit as end:
            code = end.code
        except Exception as error:
            code = repr(error)
    found[words] = [code, said.getvalue()]
print(json.dumps(found))
"""
INTERRUPTED_WHILE_LOADING = """
import importlib.abc, os, signal, sys

# A shell starts what runs in the background without the signal.
signal.signal(signal.SIGINT, signal.default_int_handler)

class CtrlC(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, CtrlC())
from alive402.__main__ import main
main()
"""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process; returns its exit code, standard output and standard error."""

    def runs(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["alive402", *words])
        with pytest.raises(SystemExit) as exited:
            main()
        said = capsys.readouterr()
        assert isinstance(exited.value.code, int)
        return exited.value.code, said.out, said.err

    return runs


@pytest.mark.parametrize("arguments", [("nothing",), ("analyze", "--nothing"), ("ledger", "show")])
def test_usage_error_exits_with_64(run: Run, arguments: tuple[str, ...]) -> None:
    code, out, _ = run(*arguments)
    assert (code, out) == (EXIT_USAGE, "")


def test_version_is_printed(run: Run) -> None:
    assert run("--version") == (0, f"{__version__}\n", "")


def test_every_command_has_a_help_text() -> None:
    root = get_command(app)
    assert all(command.help for command in root.commands.values())  # type: ignore[attr-defined]


@pytest.mark.parametrize("words", [("-h",), ("analyze", "-h"), ("models", "-h"), ("ledger", "list", "-h")])
def test_short_option_shows_the_help(run: Run, words: tuple[str, ...]) -> None:
    code, out, _ = run(*words)
    assert (code, "Usage: " in out) == (0, True)


def test_completion_can_be_shown() -> None:
    shown = CliRunner().invoke(
        app,
        [],
        env={"_ALIVE402_COMPLETE": "complete_bash", "COMP_WORDS": "alive402 ana", "COMP_CWORD": "1"},
        prog_name="alive402",
    )
    assert shown.output.split() == ["analyze"]


@pytest.mark.parametrize(
    "words", [("models", "list"), ("-h",), ("models", "list", "-h"), ("analyze", "nowhere.mp4", "no.mp4")]
)
def test_closed_pipe_has_its_own_exit_code(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    closed = os.fdopen(writer, "w")
    monkeypatch.setattr(sys, "stdout", closed)
    monkeypatch.setattr(sys, "argv", ["alive402", *words])
    with pytest.raises(SystemExit) as exited:
        main()
    assert exited.value.code == EXIT_PIPE
    with contextlib.suppress(BrokenPipeError):
        closed.close()


def test_missing_extra_is_named_with_the_command_that_adds_it() -> None:
    server = ["serve", "demo", "mcp", "keys list", "ledger list", "webhooks list", "rotate-key"]
    server.append("verify-receipt a --jwks b")
    others = {"evaluate a --out b": "lab", "batch . --out b.parquet": "batch"}
    words = json.dumps([*server, *others, "models list", "analyze -h", "analyze nowhere.mp4"])
    python = [sys.executable, "-c", COMMANDS_WITHOUT_EXTRAS, words]
    done = subprocess.run(python, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for each in server:
        code, said = found[each]
        assert (each, code) == (each, 69), said
        assert "pip install 'alive402[server" in said
        assert ("devchain" in said) is (each in ("serve", "demo"))
    for each, extra in others.items():
        assert f"pip install 'alive402[{extra}]'" in found[each][1]
    assert [found[each][0] for each in ("models list", "analyze -h", "analyze nowhere.mp4")] == [0, 0, 3]


def test_interrupt_while_loading_has_no_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED_WHILE_LOADING], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_interrupt_later_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        raise KeyboardInterrupt

    monkeypatch.setattr("alive402.liveness.model_files.registry", interrupted)
    monkeypatch.setattr(sys, "argv", ["alive402", "models", "list"])
    # A shell starts what runs in the background without the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(SystemExit) as exited:
            command.main()
    finally:
        signal.signal(signal.SIGINT, before)
    assert exited.value.code == 130
