"""`alive402 batch`: judges a whole data set, each row once, on this machine or a cluster; resumes after a stop."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alive402.cli.progress import bar

if TYPE_CHECKING:
    from rich.console import Console

    from alive402.batch import Row

EXIT_NOTHING = 3
EXIT_USAGE = 64


def batch(
    source: Annotated[str, typer.Argument(metavar="MANIFEST|FOLDER|s3://…", help="The files to judge.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.parquet", help="The results.")],
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Ray cluster: host:6379, ray://host:10001, auto or local.")
    ] = None,
    at_once: Annotated[int | None, typer.Option("--at-once", min=1, help="Processes; by default one per core.")] = None,
    reports: Annotated[bool, typer.Option("--reports", help="Add a column with whole reports, as JSON.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Judge rows without a verdict again.")] = False,
    allow_private_hosts: Annotated[
        bool, typer.Option("--allow-private-hosts", help="Also fetch URLs from your own network.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as one JSON object on stdout.")] = False,
) -> None:
    """Judge a whole data set, each row once. After a stop, the same command resumes.

    A manifest is a CSV with a column path, file, url or uri; its other columns are copied to the results. Rows that
    cannot be judged are kept with their error code. Results are in FILE.parquet.journal until all rows have one.

    Exit code: 0, 3 when no row could be judged, 64 usage.

    Examples:

      alive402 batch clips.csv --out results.parquet

      alive402 batch s3://bucket/selfies/ --out results.parquet --cluster auto
    """
    from rich.console import Console

    aloud = Console(stderr=True)
    try:
        from alive402.batch import BatchRefused
        from alive402.liveness import ModelsMissing

        summary = _run(source, out, cluster, at_once, reports, retry_failed, allow_private_hosts, aloud)
    except ImportError as error:
        if error.name not in ("pyarrow", "pandas"):
            raise
        _say(aloud, f"{error.name} is missing. Run: pip install 'alive402[batch]'")
        raise typer.Exit(EXIT_USAGE) from None
    except (BatchRefused, ModelsMissing) as error:
        _say(aloud, error.message)
        raise typer.Exit(EXIT_USAGE) from None
    except KeyboardInterrupt:
        _say(aloud, "stopped. Finished rows are kept; run the same command to resume.")
        raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        _tell(summary, Console())
    if summary["rows"] == sum(summary["failed"].values()):
        raise typer.Exit(EXIT_NOTHING)


def _run(
    source: str,
    out: Path,
    cluster: str | None,
    at_once: int | None,
    reports: bool,
    retry_failed: bool,
    allow_private_hosts: bool,
    aloud: Console,
) -> dict[str, Any]:
    import pyarrow  # noqa: F401  before any work: the results could not be written

    from alive402.batch import Journal
    from alive402.batch import rows as what
    from alive402.intake import FetchLimits
    from alive402.liveness import engine_identity, model_files
    from alive402.log import configure_log

    configure_log()
    rows = what.read(source)
    model_files.ensure(lambda sentence: aloud.print(sentence, style="dim"))
    engine, fetching = engine_identity(), FetchLimits(allow_private=allow_private_hosts)
    with Journal(out, engine) as journal:
        if retry_failed:
            journal.forget({location for location, code in journal.codes.items() if code is not None})
        wanted = {row.location for row in rows}
        before = len(wanted & journal.codes.keys())
        if before:
            aloud.print(f"{before} of {len(rows)} rows already have a result.", style="dim")
        missing = [row for row in rows if row.location not in journal.codes]
        with bar(aloud) as tell:
            failed = Counter(code for location, code in journal.codes.items() if code and location in wanted)
            tell(before, len(rows), _without(failed))
            for done, result in enumerate(_results(missing, engine, fetching, reports, cluster, at_once), before + 1):
                journal.add(result)
                failed.update(filter(None, [result["code"]]))
                tell(done, len(rows), _without(failed))
        journal.finish([row.location for row in rows], what.columns_of(rows), reports=reports)
    return {"rows": len(rows), "judgedNow": len(missing), "failed": dict(failed), **_verdicts(out), "out": str(out)}


def _results(
    rows: list[Row], engine: str, fetching: Any, reports: bool, cluster: str | None, at_once: int | None
) -> Iterator[dict[str, Any]]:
    from alive402.batch import cluster as on_cluster
    from alive402.batch import local

    if not rows:
        return iter(())
    if cluster is None:
        return local.judged(rows, engine, fetching, reports=reports, at_once=at_once)
    return on_cluster.judged(rows, engine, fetching, reports=reports, address=cluster, at_once=at_once)


def _without(failed: Counter[str]) -> str:
    return f"{failed.total()} without an answer" if failed else ""


def _verdicts(out: Path) -> dict[str, Any]:
    from pyarrow import parquet

    verdicts = Counter(parquet.read_table(out, columns=["verdict"])["verdict"].to_pylist())
    return {"verdicts": {verdict: count for verdict, count in sorted(verdicts.items(), key=str) if verdict}}


def _say(console: Console, message: str) -> None:
    console.print(f"alive402 batch: {message}", style="red", markup=False, highlight=False, soft_wrap=True)


def _tell(summary: dict[str, Any], console: Console) -> None:
    """The summary for a person at a terminal."""
    console.print(f"[bold]{summary['rows']}[/] rows, {summary['judgedNow']} of them judged now")
    for verdict, count in summary["verdicts"].items():
        console.print(f"  {verdict:<24}{count:>8}")
    for code, count in sorted(summary["failed"].items()):
        console.print(f"  no answer: {code:<24}{count:>8}", style="dim", highlight=False)
    console.print(f"Results: {summary['out']}", soft_wrap=True)
