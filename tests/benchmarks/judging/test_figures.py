"""Tests of the figures of the benchmark tables, against plain counts over random journals."""

from __future__ import annotations

from benchmarks.judging.figures import Figures, Line, Tally, attack_line, condition_line
from benchmarks.judging.journal import Answer
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.lab import Rate
from benchmarks.judging import chart, tables

CONTROL, OTHERS = "as they are", ("grey", "sideways")
VERDICTS = ("live", "spoof", "inconclusive", "")


def answer(name: str, clip: str, verdict: str) -> Answer:
    confidence = {"live": 0.9, "spoof": 0.1, "inconclusive": 0.5, "": None}[verdict]
    return Answer(name, clip, "m", "e", 1, verdict, confidence, code="" if verdict else "no_face")


def figures(table: dict[str, tuple[bool, tuple[str, ...]]]) -> Figures:
    """`table`: by clip, whether it is bona fide, and its verdicts under the control, grey, sideways."""
    live = {clip: side for clip, (side, _) in table.items()}
    control = {clip: answer(CONTROL, clip, verdicts[0]) for clip, (_, verdicts) in table.items()}
    lines = tuple(
        condition_line(name, [answer(name, clip, said[place]) for clip, (_, said) in table.items()], control, live)
        for place, name in enumerate((CONTROL, *OTHERS))
    )
    return Figures(lines, (), {}, "e")


answers = st.tuples(st.booleans(), st.tuples(*[st.sampled_from(VERDICTS)] * 3))
tables_of_answers = st.lists(answers, max_size=12).map(lambda rows: {f"c{n}": row for n, row in enumerate(rows)})


@settings(max_examples=60, deadline=None)
@given(tables_of_answers)
def test_counts_equal_a_plain_count(table: dict[str, tuple[bool, tuple[str, ...]]]) -> None:
    found = figures(table)
    turned = 0
    for place, line in enumerate(found.lines):
        for side, tally in ((True, line.people), (False, line.attacks)):
            right, wrong = ("live", "spoof") if side else ("spoof", "live")
            pairs = [(said[0], said[place]) for is_live, said in table.values() if is_live is side]
            now = [pair[1] for pair in pairs]
            assert tally.clips == len(now)
            assert tally.wrong == now.count(wrong)
            assert (tally.unsure, tally.unjudged) == (now.count("inconclusive"), now.count(""))
            assert tally.not_right == Rate(len(now) - now.count(right), len(now))
            assert tally.turned == pairs.count((right, wrong))
            assert tally.lost == pairs.count((right, "inconclusive")) + pairs.count((right, ""))
            turned += tally.turned if place else 0
    people, attacks = found.total
    assert people.turned + attacks.turned == turned
    assert people.clips + attacks.clips == 2 * len(table)
    bars = {bar.limit: bar.met for bar in found.bars()}
    if table:
        assert bars["at most 4 % of all verdicts turn wrong"] is (turned <= 0.04 * 2 * len(table))
        control, sideways = found.lines[0], found.lines[2]
        fine = sideways.people.wrong <= control.people.wrong + 1 and sideways.attacks.wrong <= control.attacks.wrong + 1
        assert bars["geometry: at most 1 more wrong than as they are"] is fine
    text = list(tables.markdown(found))
    widths = {line.count("|") for line in text[0].split("\n") + text[1 : text.index("")]}
    assert len(widths) == 1, "every row has as many cells as the head"


def test_condition_over_its_limit_is_named() -> None:
    table = {f"p{n}": (True, ("live", "spoof" if n == 0 else "live", "live")) for n in range(4)}
    found = figures(table | {f"a{n}": (False, ("spoof",) * 3) for n in range(4)})
    assert found.lines[0].turned.errors == 0
    over = next(bar for bar in found.bars() if "12 %" in bar.limit)
    assert (over.met, over.found) == (False, "grey: 1 of 4 people")
    row = next(line for line in tables.markdown(found) if line.startswith("| grey"))
    assert row.split("|")[2].strip() == "1 of 4 (.006 to .806)"


def test_made_attacks_have_their_own_limits() -> None:
    answers = [answer("x", f"c{n}", "live" if n < 2 else "spoof") for n in range(10)]
    assert attack_line("bent print", "attack", answers).met is True
    assert attack_line("still, shaken", "attack", answers).met is False
    assert attack_line("face swap", "attack", answers).met is None
    assert attack_line("person, then attack", "splice", answers).met is False
    assert attack_line("person, then attack", "splice", answers[2:]).met is True


def test_figures_accept_zero_answers() -> None:
    empty = Line("grey", "light", Tally(), Tally(), figures({}).lines[0].auc)
    bare = Figures((empty,), (), {}, "e")
    assert bare.bars() == []
    assert tables.as_json(bare)["conditions"][0]["auc"]["value"] is None


def test_chart_is_drawn(tmp_path: object) -> None:
    from pathlib import Path

    found = figures({"p": (True, ("live", "spoof", "")), "a": (False, ("spoof",) * 3)})
    path = Path(str(tmp_path)) / "picture.png"
    chart.draw(found, path)
    assert path.read_bytes()[:4] == b"\x89PNG"
