"""The command line, found by its entry point in pyproject.toml: runs it, and lists its commands and options."""

from __future__ import annotations

import contextlib
import enum
import importlib
import io
import os
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args
from unittest import mock

import typer

ROOT = Path(__file__).parents[2]
_MODULE, _, _FUNCTION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"][
    "alive402"
].partition(":")
_DEFAULT_IN_HELP = re.compile(r"\[default: ([^\]]*)\]")


def child(*words: str) -> list[str]:
    """The command of a child process that runs `alive402 <words>`."""
    return [sys.executable, "-c", f"from {_MODULE} import {_FUNCTION} as main; main()", *words]


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without settings, except the given ones."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == "ALIVE402_CACHE" or not name.startswith(("ALIVE402_", "OTEL_"))
    }
    return {**kept, **{f"ALIVE402_{name}": value for name, value in settings.items()}}


def run(*words: str) -> tuple[int, str]:
    """Exit code and standard output of `alive402 <words>`, run in this process."""
    main = getattr(importlib.import_module(_MODULE), _FUNCTION)
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["alive402", *words]),
        mock.patch.dict(os.environ, environment(), clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    return code, out.getvalue()


def commands() -> dict[str, Any]:
    """Every command by its words, with each argument and option as --help shows it, without the sentences."""
    root = typer.main.get_command(importlib.import_module("alive402.cli.main").app)
    return dict(_walk("alive402", root))


def _walk(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    within = getattr(command, "commands", {})
    yield words, {"hidden": command.hidden, "parameters": [_parameter(each) for each in command.params]}
    for name, each in sorted(within.items()):
        yield from _walk(f"{words} {name}", each)


def _parameter(given: Any) -> dict[str, Any]:
    said = _DEFAULT_IN_HELP.search(getattr(given, "help", None) or "")
    return {
        "kind": given.param_type_name,
        "names": [*given.opts, *given.secondary_opts],
        "metavar": given.metavar,
        "type": _type(given.type_descriptor.annotation),
        "least": given.min,
        "most": given.max,
        "required": given.required,
        "multiple": given.multiple,
        "nargs": given.nargs,
        "flag": getattr(given, "is_flag", False),
        "default": None if callable(given.default) else _plain(given.default),
        "default in help": said[1] if said else None,
        "environment": given.envvar,
        "hidden": given.hidden,
    }


def _type(annotation: Any) -> Any:
    """A type's name; the choices of an enumeration."""
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return [each.value for each in annotation]
    return annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | None) else str(value)
