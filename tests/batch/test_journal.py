"""Tests of the journal of a batch: resuming, one writer, one engine, the Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from alive402.batch.columns import COLUMNS
from alive402.batch.journal import Journal
from alive402.batch.rows import BatchRefused, Row

ENGINE = "1+a.b"


def result(location: str, code: str | None = None) -> dict[str, Any]:
    empty = dict.fromkeys(COLUMNS)
    return {**empty, "location": location, "verdict": "live", "code": code, "engine": ENGINE, "notes": {"subject": "x"}}


def test_parquet_rows_follow_the_order_of_the_manifest(tmp_path: Path) -> None:
    out = tmp_path / "results.parquet"
    with Journal(out, ENGINE) as journal:
        for location in ("b", "c", "a"):
            journal.add(result(location))
        journal.finish(["a", "b", "missing"], ["subject"], reports=False)
        assert not journal.path.exists()
    rows = parquet.read_table(out).to_pylist()
    assert [(row["location"], row["subject"]) for row in rows] == [("a", "x"), ("b", "x")]
    assert "report" not in rows[0]


def test_torn_line_is_dropped_and_the_rest_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "results.parquet"
    with Journal(out, ENGINE) as journal:
        journal.add(result("a"))
    with journal.path.open("ab") as file:
        file.write(b'{"location": "b", "ver')
    with Journal(out, ENGINE) as journal:
        assert journal.codes == {"a": None}
        journal.add(result("b", "no_face"))
    with Journal(out, ENGINE) as journal:
        assert journal.codes == {"a": None, "b": "no_face"}


def test_forgotten_rows_are_absent_after_reopening(tmp_path: Path) -> None:
    out = tmp_path / "results.parquet"
    with Journal(out, ENGINE) as journal:
        for location in ("a", "b"):
            journal.add(result(location))
        journal.forget({"a"})
        assert journal.codes == {"b": None}
    with Journal(out, ENGINE) as journal:
        assert journal.codes == {"b": None}


def test_a_result_of_another_challenge_is_none(tmp_path: Path) -> None:
    def row(challenge: str) -> Row:
        return Row("a", "/a", {"challenge": challenge})

    out = tmp_path / "results.csv"
    with Journal(out, ENGINE) as journal:
        journal.add({**result("a"), "notes": {"challenge": "one.json"}})
        assert journal.has(row("one.json"))
        assert not journal.has(row("two.json"))
        journal.finish(["a"], ["challenge"], reports=False)
    with Journal(out, ENGINE) as journal:
        assert journal.has(row("one.json"))
        assert not journal.has(Row("a", "/a"))
        assert not journal.has(Row("b", "/b"))


def test_finished_batch_is_reopened_with_its_rows(tmp_path: Path) -> None:
    out = tmp_path / "results.parquet"
    with Journal(out, ENGINE) as journal:
        journal.add(result("a"))
        journal.finish(["a"], ["subject"], reports=True)
    with Journal(out, ENGINE) as journal:
        assert journal.codes == {"a": None}


def test_second_writer_and_other_engine_are_refused(tmp_path: Path) -> None:
    out = tmp_path / "results.parquet"
    with Journal(out, ENGINE) as journal:
        journal.add(result("a"))
        with pytest.raises(BatchRefused, match="Another batch"):
            Journal(out, ENGINE)
    with pytest.raises(BatchRefused, match="another engine"):
        Journal(out, "2+a.b")


def test_foreign_parquet_file_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "results.parquet"
    out.write_text("not Parquet")
    with pytest.raises(BatchRefused, match="not the result of a batch"):
        Journal(out, ENGINE)
