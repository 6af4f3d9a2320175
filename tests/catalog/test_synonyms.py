"""Tests of words and synonyms of a search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alive402.catalog.synonyms import VOCABULARY, meant_by, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("DetectVideoLivingFace", ["detect", "video", "living", "face"]),
        ("Is the face re-filmed?", ["face", "re-filmed", "re", "filmed"]),
        ("人脸活体检测", ["活体检测", "人脸", "检测", "活体", "人"]),
        ("猫", ["猫"]),
        ("what is the", []),
    ],
)
def test_text_is_split_into_words(text: str, words: list[str]) -> None:
    assert set(words_of(text)) == set(words)


@given(st.text(max_size=60))
def test_words_are_distinct(text: str) -> None:
    words = words_of(text)
    assert len(words) == len(set(words))
    assert all(words)


def test_misspelt_word_means_the_nearest_known_one() -> None:
    assert meant_by(["livenes"], frozenset({"liveness"}))[0] == "liveness"
    assert meant_by(["zzzzzzzz"], frozenset({"liveness"})) == []


@given(st.lists(st.sampled_from(sorted(VOCABULARY)), unique=True, max_size=5))
def test_synonyms_exclude_the_given_words(words: list[str]) -> None:
    meant = meant_by(words, frozenset())
    assert len(meant) == len(set(meant))
    assert not set(meant) & set(words)
