"""Tests of the report page: complete, self-contained, with plots as text in the page's colours."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from alive402.lab.page import render
from alive402.lab.scores import Score
from alive402.lab.summary import Summary, summarise

OUTSIDE = ("http://", "https://", "<script", "@import", "url(http", "<image", "base64")


def score(name: str, value: float, attack: str = "", code: str = "") -> Score:
    verdict = "" if math.isnan(value) else "live" if value >= 0.5 else "spoof"
    return Score("p1", name, not attack, attack, "s1", "", verdict, "", code, 0.5, "engine-1", value)


@pytest.fixture
def summary() -> Summary:
    live = [score(f"live{place}", 0.55 + place / 25) for place in range(10)] + [score("refused", 0.31)]
    spoof = [score(f"spoof{place}", 0.04 * place, ("print", "replay")[place % 2]) for place in range(10)]
    odd = [score("<b>accepted</b>", 0.93, "replay"), score("dark", math.nan, "print", "too_dark")]
    return summarise(live + spoof + odd, threshold=0.5)


class Balance(HTMLParser):
    """Counts opening and closing tags."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_is_self_contained_and_complete(summary: Summary) -> None:
    html = render(summary, "clips.csv")
    assert not [outside for outside in OUTSIDE if outside in html]
    checked = Balance()
    checked.feed(html)
    assert checked.open == []


def test_page_shows_every_figure(summary: Summary) -> None:
    html = render(summary, "clips.csv")
    for words in ("APCER, worst species", "BPCER20", "1 of 11", "print", "replay", "s1", "refused", "engine-1"):
        assert words in html
    unanswered = html[html.index("Without an answer") :]
    assert "too_dark" in unanswered
    assert "Film again with more light" in unanswered


def test_hostile_name_is_escaped(summary: Summary) -> None:
    html = render(summary, "<i>clips</i>")
    assert "<b>accepted" not in html
    assert "<i>clips" not in html
    assert "&lt;b&gt;accepted" in html


def test_curves_are_svg_text_in_the_pages_colours(summary: Summary) -> None:
    html = render(summary, "clips.csv")
    drawings = re.findall(r'<svg class="plot".*?</svg>', html, flags=re.DOTALL)
    assert len(drawings) == 3
    assert all("<text" in drawing for drawing in drawings)
    assert "APCER" in drawings[0]
    assert "print (5)" in drawings[0]
    colours = {colour for drawing in drawings for colour in re.findall(r"(?:fill|stroke): ([^;\"]+)", drawing)}
    assert all(colour == "none" or colour.startswith("var(--") for colour in colours), colours


def test_same_scores_give_the_same_page(summary: Summary) -> None:
    assert render(summary, "clips.csv") == render(replace(summary), "clips.csv")


def test_page_without_answers_has_no_curves() -> None:
    html = render(summarise([score("dark", math.nan, "print", "too_dark")], threshold=0.5), "clips.csv")
    assert "<svg" not in html
    assert "none judged" in html


def test_page_of_one_class_is_drawn() -> None:
    html = render(summarise([score("a", 0.9), score("b", 0.8)], threshold=0.5), "clips.csv")
    assert html.count("<svg") == 3
