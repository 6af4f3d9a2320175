"""Tests of the file of a batch's results: each form is written and read back, and the name says which."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from alive402.batch import BatchRefused, results
from alive402.batch.columns import COLUMNS

FORMS = ["x.parquet", "x.csv", "x.jsonl", "x.NDJSON"]


def row(**changes: Any) -> dict[str, Any]:
    judged = {
        "location": "a.mp4",
        "verdict": "live",
        "live_confidence": 0.25,
        "threshold": 0.5,
        "reasons": ["planar_live", "pulse_live"],
        "face_confidence": 0.9,
        "rect": [1, 2, 3, 4],
        "media_sha256": "00",
        "seconds": 1.5,
        "engine": "0.1.0+a.b",
        "report": json.dumps({"text": "ü," * 100_000}),
        "notes": {"who": 'Ann, "A"', "why": "1"},
    }
    return {**dict.fromkeys(COLUMNS), **judged, **changes}


ROWS = [
    row(),
    {
        **dict.fromkeys(COLUMNS),
        "location": "b.mp4",
        "reasons": [],
        "seconds": 0.5,
        "code": "no_face",
        "message": "No face.\nNone.",
        "engine": "0.1.0+a.b",
        "notes": {"who": "Bob"},
    },
]


@pytest.mark.parametrize("name", FORMS)
def test_results_are_read_back_as_written(tmp_path: Path, name: str) -> None:
    results.write(tmp_path / name, iter(ROWS), ["who", "why"], reports=True)
    assert results.read(tmp_path / name) == ROWS
    assert results.count_verdicts(tmp_path / name) == {"live": 1}
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_file_has_the_form_that_its_name_says(tmp_path: Path) -> None:
    for name in FORMS[:3]:
        results.write(tmp_path / name, iter(ROWS), ["who", "why"], reports=False)
    columns = [*(name for name in COLUMNS if name != "report"), "who", "why"]
    assert parquet.read_table(tmp_path / "x.parquet").column_names == columns
    with (tmp_path / "x.csv").open(newline="") as file:
        lines = list(csv.reader(file))
    assert (lines[0], len(lines)) == (columns, 3)
    first = dict(zip(*lines[:2], strict=True))
    assert (first["reasons"], first["rect"], first["who"]) == ("planar_live pulse_live", "1 2 3 4", 'Ann, "A"')
    objects = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]
    assert [list(each) for each in objects] == [columns, columns]
    assert objects[0]["rect"] == [1, 2, 3, 4]


@pytest.mark.parametrize("name", ["x", "x.json", "x.xlsx", "x.csv.gz"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(BatchRefused, match=r"\.parquet, \.csv, \.jsonl"):
        results.check_name(Path(name))


def test_parquet_without_pyarrow_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BatchRefused, match=r"pip install 'alive402\[batch\]', or write --out x.csv"):
        results.check_name(Path("x.parquet"))
    results.check_name(Path("x.csv"))


@pytest.mark.parametrize("content", ["not ours", "a,b\n1,2\n", '{"a": 1}\n', "[]\n", "location,engine\n,\n"])
@pytest.mark.parametrize("name", FORMS)
def test_foreign_file_is_refused(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(BatchRefused, match="is not the result of a batch"):
        results.read(tmp_path / name)
