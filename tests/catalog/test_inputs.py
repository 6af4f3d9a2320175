"""Tests of request validation: paths of mismatches, and messages without the sent values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from alive402.catalog.inputs import problems_in, strict_schema, without_absent
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


OPTIONAL = {
    "type": "object",
    "properties": {
        "a": {"type": "string", "format": "uri", "minLength": 1},
        "b": {"type": "integer", "minimum": 0},
        "c": {"enum": ["s", "ms"]},
        "d": {"type": ["string", "null"]},
    },
    "required": ["a"],
}


def test_strict_schema_requires_every_key_and_lets_optional_ones_be_null() -> None:
    assert strict_schema(OPTIONAL) == {
        "type": "object",
        "properties": {
            "a": {"type": "string"},
            "b": {"type": ["integer", "null"]},
            "c": {"enum": ["s", "ms", None]},
            "d": {"type": ["string", "null"]},
        },
        "required": ["a", "b", "c", "d"],
        "additionalProperties": False,
    }


def objects_in(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema within a schema that has properties."""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for inner in schema.values():
            yield from objects_in(inner)


@pytest.mark.parametrize("service", DEFINITIONS, ids=lambda each: each.id)
def test_strict_schema_of_each_service_is_what_openai_takes(service: Any) -> None:
    strict = strict_schema(service.input_schema)
    objects = list(objects_in(strict))
    assert objects
    for each in objects:
        assert set(each["required"]) == set(each["properties"])
        assert each["additionalProperties"] is False
    refused = {"format", "minLength", "maxLength", "minProperties", "maxProperties", "contentEncoding", "pattern"}
    assert not any(f'"{word}"' in json.dumps(strict) for word in refused)


@given(
    st.fixed_dictionaries(
        {"a": st.text(max_size=3)},
        optional={
            "b": st.none() | st.just("") | st.integers(),
            "c": st.none() | st.sampled_from(["s", "ms", ""]),
            "d": st.none() | st.text(max_size=3),
            "x": st.none() | st.just(""),
        },
    )
)
def test_optional_properties_that_are_null_or_empty_are_absent(sent: dict[str, Any]) -> None:
    left = without_absent(sent, OPTIONAL)
    assert left["a"] == sent["a"]
    assert all(left[name] not in (None, "") for name in ("b", "c", "d") if name in left)
    assert {name: value for name, value in sent.items() if value not in (None, "")}.items() <= left.items()
    # What the schema does not know is left to validation.
    assert ("x" in left) == ("x" in sent)
    assert without_absent([sent], {"type": "array", "items": OPTIONAL}) == [left]


@pytest.mark.parametrize("sent", [None, 7, "text", [], [[[]]], {"a": {"deep": [None]}}])
def test_other_requests_stay_as_they_are(sent: Any) -> None:
    assert without_absent(sent, OPTIONAL) == sent
