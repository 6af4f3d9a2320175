"""`alive402 batch`: judges a whole data set, each row once, on this machine or a cluster; resumes after a stop."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alive402.cli.terminal import bar, threshold_of, waiting

if TYPE_CHECKING:
    from rich.console import Console

    from alive402.batch import Row

EXIT_NOTHING = 3
EXIT_USAGE = 64


def batch(
    source: Annotated[str, typer.Argument(metavar="MANIFEST|FOLDER|s3://…", help="The files to judge.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The results: .parquet, .csv or .jsonl.")],
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Ray cluster: host:6379, ray://host:10001, auto or local.")
    ] = None,
    at_once: Annotated[int | None, typer.Option("--at-once", min=1, help="Processes; by default one per core.")] = None,
    reports: Annotated[bool, typer.Option("--reports", help="Add a column with whole reports, as JSON.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Judge rows without a verdict again.")] = False,
    threshold: Annotated[
        str | None,
        typer.Option(metavar="NUMBER|NAME", help="Live confidence at which a verdict is live, or an operating point."),
    ] = None,
    allow_private_hosts: Annotated[
        bool, typer.Option("--allow-private-hosts", help="Also fetch URLs from your own network.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as one JSON object on stdout.")] = False,
) -> None:
    """Judge a whole data set, each row once. After a stop, the same command resumes.

    A manifest is a CSV with a column path, file, url or uri; its other columns are copied to the results. A column
    challenge names the challenge that a video has to answer, a file of `alive402 challenge new`. Rows that cannot be
    judged are kept with their error code. Results are in FILE.journal until all rows have one.

    Exit code: 0, 3 when no row could be judged, 64 usage, 130 Ctrl-C.

    Examples:

      alive402 batch clips.csv --out results.parquet

      alive402 batch selfies/ --out results.csv

      alive402 batch s3://bucket/selfies/ --out results.parquet --cluster auto
    """
    from rich.console import Console

    aloud = Console(stderr=True)
    try:
        from alive402.batch import BatchRefused
        from alive402.liveness import ModelsMissing

        point = threshold_of("batch", threshold)
        summary = _run(source, out, cluster, at_once, reports, retry_failed, point, allow_private_hosts, aloud)
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
    point: float | str | None,
    allow_private_hosts: bool,
    aloud: Console,
) -> dict[str, Any]:
    from alive402.batch import Journal, results
    from alive402.batch import rows as what
    from alive402.intake import FetchLimits
    from alive402.liveness import engine_identity, model_files
    from alive402.log import configure_log

    configure_log()
    results.check_name(out)
    rows = what.read(source)
    with waiting(aloud) as say:
        model_files.ensure(say)
    engine, fetching = engine_identity(point), FetchLimits(allow_private=allow_private_hosts)
    with Journal(out, engine) as journal:
        if retry_failed:
            journal.forget({location for location, code in journal.codes.items() if code is not None})
        wanted = {row.location for row in rows}
        missing = [row for row in rows if not journal.has(row)]
        before = len(rows) - len(missing)
        if before:
            aloud.print(f"{before} of {len(rows)} rows already have a result.", style="dim")
        found = _results(missing, engine, fetching, reports, cluster, at_once, point)
        with bar(aloud) as tell:
            again = {row.location for row in missing}
            failed = Counter(code for location, code in journal.codes.items() if code and location in wanted - again)
            tell(before, len(rows), _without(failed))
            for done, result in enumerate(found, before + 1):
                journal.add(result)
                failed.update(filter(None, [result["code"]]))
                tell(done, len(rows), _without(failed))
        journal.finish([row.location for row in rows], what.columns_of(rows), reports=reports)
    verdicts = results.count_verdicts(out)
    return {"rows": len(rows), "judgedNow": len(missing), "failed": dict(failed), "verdicts": verdicts, "out": str(out)}


def _results(
    rows: list[Row],
    engine: str,
    fetching: Any,
    reports: bool,
    cluster: str | None,
    at_once: int | None,
    point: float | str | None,
) -> Iterator[dict[str, Any]]:
    from alive402.batch import cluster as on_cluster
    from alive402.batch import local

    if not rows:
        return iter(())
    more: dict[str, Any] = {"reports": reports, "at_once": at_once, "threshold": point}
    if cluster is None:
        return local.judged(rows, engine, fetching, **more)
    return on_cluster.judged(rows, engine, fetching, address=cluster, **more)


def _without(failed: Counter[str]) -> str:
    return f"{failed.total()} without an answer" if failed else ""


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
