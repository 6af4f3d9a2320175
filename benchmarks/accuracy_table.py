"""Formats the figures of `benchmarks.accuracy` as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alive402.lab import shown


def lines(figures: dict[str, Any]) -> Iterator[str]:
    """Format every figure, the most asked first."""
    for name, part in figures["clips"].items():
        counts = f"{part['bona_fide']} bona fide, {part['attacks']} attacks, {part['sources']} sources"
        yield f"{name}: {counts}; errors at {figures['threshold']}, 95 % intervals"
        for method, found in part["methods"].items():
            yield f"  {method}"
            yield from _method(found)
        yield ""
    yield from _sources(figures["errors_by_source"])
    if figures["unusable"]:
        yield f"not judged, and in no figure: {figures['unusable']}"
    yield ""
    yield "pace, one thread, medians of interleaved runs:"
    for name, value in figures["pace"].items():
        yield f"  {name:<100} {value:6.2f}"


def _method(found: dict[str, Any]) -> Iterator[str]:
    area, rates = found["auc"], {"BPCER": found["bpcer"]}
    rates |= {f"APCER {species}": rate for species, rate in found["apcer"].items()}
    if area["value"] is not None:
        yield f"    {'AUC':<22} {shown(area['value']):>11}  {_ends(area)}"
    for kind, rate in rates.items():
        if rate["trials"]:
            count = f"{rate['errors']} of {rate['trials']}"
            yield f"    {kind:<22} {count:>11}  {_ends(rate)}"


def _sources(table: dict[str, Any]) -> Iterator[str]:
    """One letter per method, so that a source's line stays narrow."""
    letters = dict(zip(next(iter(table.values()))["errors"], "ABCDEFGH", strict=False))
    yield "errors by source, bona fide refused + attacks accepted:"
    for method, letter in letters.items():
        yield f"  {letter} = {method}"
    yield f"  {'source':<12} {'bona fide':>9} {'attacks':>8} " + "".join(f"{letter:>8}" for letter in letters.values())
    for source, row in table.items():
        errors = [f"{refused} + {accepted}" for refused, accepted in row["errors"].values()]
        yield f"  {source:<12} {row['bona_fide']:>9} {row['attacks']:>8} " + "".join(f"{one:>8}" for one in errors)


def _ends(figure: dict[str, Any]) -> str:
    return f"{shown(figure['interval'][0])} to {shown(figure['interval'][1])}"
