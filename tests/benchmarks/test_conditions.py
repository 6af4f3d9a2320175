"""Tests of `python -m benchmarks.conditions` on the two demo clips: tables, resuming, wrong arguments."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.judging.journal import Journal

from alive402.demo import Clips
from alive402.lab.datasets import Presentation, read
from benchmarks import conditions
from benchmarks.judging import tasks, workers

ROOT = Path(__file__).parents[2]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.conditions", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)


@pytest.fixture
def manifest(short_clips: Clips, tmp_path: Path) -> Path:
    shutil.copy(short_clips.bona_fide, tmp_path / "person.mp4")
    shutil.copy(short_clips.attack, tmp_path / "phone.mp4")
    path = tmp_path / "manifest.csv"
    path.write_text("path,label,attack_type,source\nperson.mp4,live,,s1\nphone.mp4,spoof,replay_phone,s1\n")
    return path


def test_second_run_prints_the_tables_and_judges_nothing(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wish = ("--conditions", "mirrored,10 frames a second", "--work", tmp_path / "work", "--jobs", "1")
    first = run(manifest, *wish, "--picture", tmp_path / "picture.png")
    assert first.returncode == 0, first.stderr
    rows = {line.split("|")[1].strip(): line for line in first.stdout.splitlines() if line.startswith("| ")}
    assert {"as they are", "mirrored", "10 frames a second", "**all conditions**"} <= set(rows)
    assert rows["as they are"].startswith("| as they are | 0 of 1 (.000 to .975) |")
    assert (tmp_path / "picture.png").stat().st_size > 10_000
    journal = (tmp_path / "work" / "journal.jsonl").read_text()
    assert conditions.main([str(one) for one in (manifest, *wish, "--json")]) == 0
    assert (tmp_path / "work" / "journal.jsonl").read_text() == journal
    figures = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in figures["conditions"]] == ["as they are", "10 frames a second", "mirrored"]
    assert "person" not in json.dumps(figures).replace("person, then", "").replace("then person", "")


def test_stopped_run_resumes(manifest: Path, tmp_path: Path) -> None:
    todo = tasks.conditions(read(manifest), ["grey"], 402)
    journal = Journal(tmp_path / "journal.jsonl")

    def stop(done: int, all_of: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        workers.judge(todo, journal, 1, stop)
    assert len(journal.read()) == 1
    counts: list[int] = []
    known = workers.judge(todo, journal, 1, lambda done, all_of: counts.append(done))
    assert counts == [1, 2, 3, 4]
    assert set(known) == {workers.key(task) for task in todo}
    assert len(journal.path.read_text().splitlines()) == 4


def test_unreadable_clip_is_a_non_response(tmp_path: Path) -> None:
    (tmp_path / "noise.mp4").write_bytes(b"no video" * 99)
    clips = [Presentation(tmp_path / name, name, True) for name in ("noise.mp4", "missing.mp4")]
    known = workers.judge(tasks.conditions(clips, [], 402), Journal(tmp_path / "j.jsonl"), 1, lambda done, all_of: None)
    assert {answer.clip: answer.code for answer in known.values()} == {
        "noise.mp4": "unsupported_video",
        "missing.mp4": "file_unreadable",
    }


def clip(number: int, live: bool, source: str) -> Presentation:
    return Presentation(Path(f"{number}.mp4"), f"{number}.mp4", live, subject=f"p{number}", source=source)


def test_subset_has_both_classes_and_many_sources() -> None:
    clips = [clip(number, number % 2 == 0, f"s{number // 8}") for number in range(40)]
    some = tasks.subset(clips, 10, 402)
    assert [one.bona_fide for one in some].count(True) == 5
    assert all(len({one.source for one in some if one.bona_fide is side}) == 5 for side in (True, False))
    assert tasks.subset(clips, 10, 402) == some
    assert tasks.subset(clips, 99, 402) == clips


def test_splices_pair_each_person_once_in_both_orders() -> None:
    clips = [clip(number, number < 30, "s") for number in range(60)]
    todo = tasks.splices(clips, tasks.ORDERS, 402)
    assert len(todo) == 2 * tasks.SPLICES
    assert all(len({task.clip for task in todo if task.name == order}) == tasks.SPLICES for order in tasks.ORDERS)
    assert not any(task.bona_fide for task in todo)
    swaps = tasks.attacks(clips, ["face swap"], 402)
    assert len(swaps) == 30
    assert all(len(set(task.paths)) == 2 for task in swaps)


def test_attack_and_splice_are_made_and_judged(manifest: Path, tmp_path: Path) -> None:
    figures = conditions.run(read(manifest), ["still, shaken", *tasks.ORDERS], tmp_path / "work", 402, 1)
    assert not figures.lines
    assert [line.tally.clips for line in figures.attacks] == [1, 1, 1]
    assert "not_made" not in figures.codes


def test_wrong_names_and_paths_are_reported(manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert conditions.chosen("still fresh noise,spliced") == ["still, fresh noise", *tasks.ORDERS]
    assert conditions.main(["--list"]) == 0
    assert "geometry\n  sideways" in capsys.readouterr().out
    assert conditions.main([str(manifest), "--conditions", "sidewise"]) == 64
    assert "--list" in capsys.readouterr().err
    assert conditions.main([str(tmp_path / "nowhere.csv")]) == 64
    assert "nowhere.csv" in capsys.readouterr().err
    assert conditions.main([]) == 64


def test_sheet_shows_every_condition(clips: Clips, tmp_path: Path) -> None:
    assert conditions.main(["--sheet", str(tmp_path / "sheet.png"), str(clips.bona_fide)]) == 0
    assert (tmp_path / "sheet.png").stat().st_size > 100_000
