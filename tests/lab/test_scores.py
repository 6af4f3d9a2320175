"""Tests of score files: round trip, bob's files, resuming after an incomplete line."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alive402.lab.datasets import DatasetError
from alive402.lab.metrics import Scored
from alive402.lab.rates import Rate
from alive402.lab.scores import Score, ScoreFile, read, scored, write
from alive402.lab.summary import summarise

NAN = math.nan


def line(name: str, score: float, bona_fide: bool = True, attack: str = "", **more: str) -> Score:
    """A score with default values."""
    facts = {"source": "", "group": "", "verdict": "", "guess": "", "code": "", "engine": "e1"} | more
    return Score(subject="p", name=name, bona_fide=bona_fide, attack_type=attack, seconds=NAN, score=score, **facts)  # type: ignore[arg-type]


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=12).map(str.strip)
SCORES = st.builds(
    Score,
    *[TEXT] * 2,
    st.booleans(),
    *[TEXT] * 6,
    seconds=st.just(1.5),
    engine=TEXT,
    score=st.floats(0, 1),
    challenge=TEXT,
    freshness=st.sampled_from(["", "answered", "unclear"]),
)


@given(st.lists(SCORES, max_size=8))
def test_written_scores_are_read_back(tmp_path_factory: pytest.TempPathFactory, lines: list[Score]) -> None:
    path = tmp_path_factory.mktemp("scores") / "scores.csv"
    write(path, lines)
    assert read(path) == lines


def test_missing_score_is_nan_with_its_code(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    write(path, [line("a", NAN, code="no_face")])
    assert path.read_text().splitlines()[1].endswith(",nan")
    (found,) = read(path)
    assert math.isnan(found.score)
    assert found.code == "no_face"


def test_columns_have_the_format_of_bob(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    write(path, [line("a.mp4", 0.9), line("b.mp4", 0.1, bona_fide=False, attack="print")])
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = ("claimed_id", "test_label", "is_bonafide", "attack_type", "score")
    assert [[row[column] for column in wanted] for row in rows] == [
        ["p", "a.mp4", "True", "", "0.9"],
        ["p", "b.mp4", "False", "print", "0.1"],
    ]


def test_bob_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "scores-dev.csv"
    path.write_text(
        "claimed_id,test_label,is_bonafide,attack_type,sample_n,score\n"
        "0,client/real/000,True,,0,9.5\n0,client/attack/000,False,type_0,0,-10.25\n"
    )
    table = scored(read(path))
    assert table.live.tolist() == [9.5]
    assert table.attacks["type_0"].tolist() == [-10.25]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("test_label,is_bonafide,attack_type\n", "line 1: a score file needs the column 'score'"),
        ("test_label,is_bonafide,attack_type,score\na,perhaps,,0.5\n", "line 2, column 'is_bonafide'"),
        ("test_label,is_bonafide,attack_type,score\na,True,,0.5\nb,True,,high\n", "line 3, column 'score'"),
    ],
)
def test_bad_score_file_error_names_line_and_column(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(text)
    with pytest.raises(DatasetError, match=complaint):
        read(path)


def test_killed_run_resumes(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    with ScoreFile(path, "e1") as file:
        file.add(line("a", 0.9))
        file.add(line("b", 0.8))
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])  # killed in the middle of b
    with ScoreFile(path, "e1") as file:
        assert list(file.done) == ["a"]
        file.add(line("b", 0.8))
    assert path.read_bytes() == whole


def test_a_file_of_fewer_columns_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("test_label,is_bonafide,attack_type,engine,score\na,True,,e1,0.5\n")
    with ScoreFile(path, "e1") as file:
        file.add(line("b", 0.8, challenge="c1", freshness="answered"))
    assert [(one.name, one.score, one.challenge, one.freshness) for one in read(path)] == [
        ("a", 0.5, "", ""),
        ("b", 0.8, "c1", "answered"),
    ]


def test_scores_of_another_engine_are_not_mixed_in(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    with ScoreFile(path, "e1") as file:
        file.add(line("a", 0.9))
    with pytest.raises(DatasetError, match="filled by another engine"):
        ScoreFile(path, "e2")


def test_dev_set_gives_the_threshold_and_test_set_is_counted() -> None:
    lines = [
        line("a", 0.8, group="dev"),
        line("b", 0.2, bona_fide=False, attack="print", group="dev"),
        line("c", 0.45, group="test", source="s1"),
        line("d", 0.6, bona_fide=False, attack="print", group="test", source="s2"),
        line("e", NAN, bona_fide=False, attack="print", group="test", source="s2", code="no_face"),
    ]
    found = summarise(lines, threshold=0.3)
    assert (len(found.lines), found.left_out, found.judged) == (3, 2, 2)
    # the engine's own .3 accepts both; midway between dev's .8 and .2 only d is accepted
    assert [(point.name, point.rates.bpcer) for point in found.points] == [("engine", Rate(0, 1)), ("dev", Rate(1, 1))]
    assert found.chosen.rates.threshold == 0.5
    assert [score.name for score in found.errors] == ["d", "c"]
    assert [score.name for score in found.non_responses] == ["e"]
    assert [(source.name, source.missing.apnrr) for source in found.sources] == [
        ("s1", {}),
        ("s2", {"print": Rate(1, 2)}),
    ]
    figures = found.to_dict()
    assert figures["points"]["dev"]["apcer_worst"]["species"] == "print"
    assert figures["non_response"]["codes"] == {"no_face": 1}


def test_freshness_is_counted_by_species() -> None:
    lines = [
        line("a", 0.9, freshness="answered"),
        line("b", 0.4, freshness="unclear"),
        line("c", 0.8, bona_fide=False, attack="print", freshness="not_answered"),
        line("d", 0.8, bona_fide=False, attack="print"),
    ]
    figures = summarise(lines, threshold=0.5).to_dict()
    assert figures["freshness"] == {"bona fide": {"answered": 1, "unclear": 1}, "print": {"not_answered": 1}}
    assert "freshness" not in summarise(lines[3:], threshold=0.5).to_dict()


def test_score_lines_become_metric_input() -> None:
    table = scored([line("a", 0.9), line("b", 0.1, bona_fide=False)])
    assert isinstance(table, Scored)
    assert table.attacks["unknown"].tolist() == [0.1]
