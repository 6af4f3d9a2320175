"""Tests of request validation: paths of mismatches, and messages without the sent values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from alive402.catalog.inputs import problems_in
from alive402.services import DEFINITIONS

VALIDATORS = {each.id: Draft202012Validator(each.input_schema) for each in DEFINITIONS}


@pytest.mark.parametrize("service", DEFINITIONS, ids=lambda each: each.id)
def test_example_input_has_no_problem(service: object) -> None:
    assert problems_in(service.example_input, VALIDATORS[service.id]) == []  # type: ignore[attr-defined]


def test_problem_has_a_path_and_a_sentence() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer"}}}, "required": ["b"]}
    problems = problems_in({"a": [1, "x"]}, Draft202012Validator(schema))
    assert {"path": "a/1", "message": "It has to be of type integer."} in problems
    assert {"path": "", "message": "'b' is a required property."} in problems


@given(names=st.lists(st.text("qxz", min_size=8), min_size=1, max_size=9), value=st.text("qxz", min_size=8))
def test_messages_repeat_nothing_that_was_sent(names: list[str], value: str) -> None:
    for validator in VALIDATORS.values():
        problems = problems_in(dict.fromkeys(names, value), validator)
        assert 1 <= len(problems) <= 5
        sentences = json.dumps([problem["message"] for problem in problems])
        assert not any(sent in sentences for sent in (*names, value))
