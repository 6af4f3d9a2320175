"""Tests of `alive402 batch`: each row judged once, resuming after a stop, failures kept with their reasons."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet
from typer.testing import CliRunner, Result

from alive402.cli.main import app, main
from alive402.demo import Clips, serve_files
from alive402.liveness import Challenge, engine_identity

COMMAND = Path(sys.executable).with_name("alive402")


def batch(*arguments: str, cwd: Path) -> Result:
    """The command in this process; the test of a killed batch starts it as a process of its own."""
    with contextlib.chdir(cwd):
        return CliRunner().invoke(app, ["batch", *arguments])


def summary(*arguments: str, cwd: Path) -> dict[str, Any]:
    done = batch(*arguments, "--json", cwd=cwd)
    assert done.exit_code == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def results(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return rows


@pytest.fixture
def folder(short_clips: Clips, tmp_path: Path) -> Path:
    """A data set: a person, an attack, a text file, and a missing file."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "person.mp4").symlink_to(short_clips.bona_fide)
    (tmp_path / "data" / "attack.mp4").symlink_to(short_clips.attack)
    (tmp_path / "data" / "text.mp4").write_text("no video")
    (tmp_path / "clips.csv").write_text(
        "path,who\ndata/person.mp4,Ann\ndata/attack.mp4,Bob\ndata/text.mp4,Cid\ndata/gone.mp4,Dan\n"
    )
    return tmp_path


def test_results_are_in_manifest_order(folder: Path) -> None:
    told = summary("clips.csv", "--out", "out/results.parquet", "--reports", cwd=folder)
    assert told["failed"] == {"unsupported_video": 1, "file_unreadable": 1}
    assert told["verdicts"] == {"live": 1, "spoof": 1}
    person, attack, text, gone = results(folder / "out" / "results.parquet")
    assert [row["who"] for row in (person, attack, text, gone)] == ["Ann", "Bob", "Cid", "Dan"]
    assert (person["verdict"], attack["verdict"]) == ("live", "spoof")
    assert json.loads(person["report"])["live_confidence"] == person["live_confidence"]
    assert person["engine"] == engine_identity()
    assert (text["verdict"], text["code"]) == (None, "unsupported_video")
    assert (gone["verdict"], gone["code"], gone["location"]) == (None, "file_unreadable", "data/gone.mp4")
    assert not list((folder / "out").glob("*.journal"))


def test_finished_batch_judges_new_rows_and_retries_failed_ones(folder: Path, short_clips: Clips) -> None:
    summary("clips.csv", "--out", "results.parquet", cwd=folder)
    before = results(folder / "results.parquet")
    (folder / "data" / "gone.mp4").symlink_to(short_clips.bona_fide)
    (folder / "data" / "more.mp4").symlink_to(short_clips.bona_fide)
    with (folder / "clips.csv").open("a") as manifest:
        manifest.write("data/more.mp4,Eve\n")
    told = summary("clips.csv", "--out", "results.parquet", "--retry-failed", cwd=folder)
    assert (told["rows"], told["judgedNow"], told["failed"]) == (5, 3, {"unsupported_video": 1})
    after = results(folder / "results.parquet")
    assert after[:2] == before[:2]
    assert [row["verdict"] for row in after] == ["live", "spoof", None, "live", "live"]


def test_batch_killed_three_times_judges_each_row_once(short_clips: Clips, tmp_path: Path) -> None:
    names = [f"{number:02}.mp4" for number in range(10)]
    for name in names:
        (tmp_path / name).symlink_to(short_clips.bona_fide)
    (tmp_path / "clips.csv").write_text("\n".join(["path", *names]))
    journal, kept = tmp_path / "results.parquet.journal", []
    for wanted in (2, 4, 6):
        running = subprocess.Popen(
            [COMMAND, "batch", "clips.csv", "--out", "results.parquet"], cwd=tmp_path, start_new_session=True
        )
        while _lines(journal) < wanted:
            assert running.poll() is None
            time.sleep(0.02)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        kept.append(_judged(journal))
    told = summary("clips.csv", "--out", "results.parquet", cwd=tmp_path)
    rows = results(tmp_path / "results.parquet")
    assert [row["location"] for row in rows] == names
    assert {row["verdict"] for row in rows} == {"live"}
    assert told["judgedNow"] == len(names) - len(kept[-1])
    # What a killed run had judged was not judged again: its seconds stand as they were.
    seconds = {row["location"]: row["seconds"] for row in rows}
    for earlier in kept:
        assert earlier.items() <= seconds.items()


def _lines(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") - 1 if journal.exists() else 0


def _judged(journal: Path) -> dict[str, float]:
    whole = [line for line in journal.read_bytes().split(b"\n")[1:-1] if line]
    return {row["location"]: row["seconds"] for row in map(json.loads, whole)}


def test_batch_reads_urls_folders_and_buckets(folder: Path) -> None:
    with serve_files(folder / "data") as base:
        (folder / "urls.csv").write_text(f"url\n{base}/person.mp4\n{base}/none.mp4\n")
        told = summary("urls.csv", "--out", "urls.parquet", "--allow-private-hosts", cwd=folder)
        assert (told["verdicts"], told["failed"]) == ({"live": 1}, {"upstream_status": 1})
        refused = batch("urls.csv", "--out", "refused.parquet", cwd=folder)
    assert refused.exit_code == 3
    assert {row["code"] for row in results(folder / "refused.parquet")} == {"invalid_url"}
    told = summary("data", "--out", "folder.parquet", cwd=folder)
    assert (told["rows"], told["verdicts"]) == (3, {"live": 1, "spoof": 1})
    # A bucket is any place that pyarrow knows; s3:// differs by its credentials alone.
    told = summary(f"file://{folder}/data/", "--out", "bucket.parquet", cwd=folder)
    assert (told["rows"], told["verdicts"]) == (3, {"live": 1, "spoof": 1})
    assert [row["location"] for row in results(folder / "bucket.parquet")] == ["attack.mp4", "person.mp4", "text.mp4"]


def test_results_have_the_form_of_their_name_and_go_on(
    folder: Path, clips: Clips, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*options: str) -> dict[str, Any]:
        monkeypatch.setattr(sys, "argv", ["alive402", "batch", "clips.csv", "--out", "results.csv", "--json", *options])
        with pytest.raises(SystemExit) as exited:
            main()
        assert exited.value.code == 0
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        return told

    monkeypatch.chdir(folder)
    (folder / "clips.csv").write_text("path,who\ndata/person.mp4,Ann\ndata/gone.mp4,Dan\n")
    assert run("--threshold", "0.6")["verdicts"] == {"live": 1}
    rows = list(csv.DictReader((folder / "results.csv").read_text().splitlines()))
    assert [(row["location"], row["who"]) for row in rows] == [("data/person.mp4", "Ann"), ("data/gone.mp4", "Dan")]
    assert (float(rows[0]["threshold"]), rows[1]["code"]) == (0.6, "file_unreadable")
    assert rows[0]["engine"].endswith(".0.6")
    assert run("--threshold", "0.6")["judgedNow"] == 0
    # A challenge takes longer than two seconds.
    for name, clip in (("person", clips.bona_fide), ("attack", clips.attack)):
        (folder / "data" / f"{name}.mp4").unlink()
        (folder / "data" / f"{name}.mp4").symlink_to(clip)
    asked = Challenge.new("asked", bytes(16))
    shorter = replace(asked, steps=asked.steps[:1], bits=0.0)
    (folder / "long.json").write_text(json.dumps(asked.to_dict()))
    (folder / "short.json").write_text(json.dumps(shorter.to_dict()))
    (folder / "clips.csv").write_text("path,challenge\ndata/person.mp4,short.json\ndata/attack.mp4,long.json\n")
    assert run("--threshold", "0.6")["judgedNow"] == 2, "a row with another challenge is judged again"
    person, attack = csv.DictReader((folder / "results.csv").read_text().splitlines())
    assert (person["verdict"], person["freshness"], person["challenge"]) == (
        "inconclusive",
        "not_answered",
        "short.json",
    )
    assert (attack["code"], attack["freshness"]) == ("clip_too_short", "")
    assert run("--threshold", "0.6")["judgedNow"] == 0


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("name\nx.mp4\n", "none of the columns"),
        ("path\n\n,\n", "line 3: the column path is empty"),
        ("path\na.mp4\na.mp4\n", "line 3: a.mp4 occurs twice"),
        ("path,verdict\na.mp4,live\n", "the column verdict is also a column of the results"),
        ("path\n", "There is no video or picture"),
    ],
)
def test_bad_manifest_is_refused_before_any_work(tmp_path: Path, manifest: str, said: str) -> None:
    (tmp_path / "clips.csv").write_text(manifest)
    done = batch("clips.csv", "--out", "results.parquet", cwd=tmp_path)
    assert done.exit_code == 64
    assert said in done.stderr
    assert not list(tmp_path.glob("*.parquet*"))


def test_foreign_output_files_are_not_overwritten(folder: Path) -> None:
    (folder / "results.parquet").write_text("not ours")
    done = batch("clips.csv", "--out", "results.parquet", cwd=folder)
    assert (done.exit_code, (folder / "results.parquet").read_text()) == (64, "not ours")
    (folder / "other.parquet.journal").write_text(json.dumps({"engine": "0.0.1"}) + "\n")
    done = batch("clips.csv", "--out", "other.parquet", cwd=folder)
    assert done.exit_code == 64
    assert "another engine (0.0.1" in done.stderr
