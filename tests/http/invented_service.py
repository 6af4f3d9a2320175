"""A third service in one module, as a newcomer would write it: counts and hashes a text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from alive402.catalog import ServiceDefinition, body_of
from alive402.intake.sandbox import Progress
from alive402.providers import Answer, LocalProvider
from alive402.services import LocalTool, Service
from alive402.web import ShownReport


def _signed(report: Mapping[str, Any]) -> dict[str, Any]:
    return {"verdict": report["verdict"], "textSha256": report["sha256"], "letters": report["letters"]}


_ELEMENT = {"type": "object", "properties": {"Letters": {"type": "integer"}}, "required": ["Letters"]}
_REPORT = {
    "type": "object",
    "properties": {
        "verdict": {"type": "string", "enum": ["short", "long"]},
        "letters": {"type": "integer"},
        "sha256": {"type": "string"},
    },
    "required": ["verdict", "letters", "sha256"],
}
_EXAMPLE = {
    "Action": "MeasureText",
    "Result": "short",
    "Elements": [{"Letters": 5}],
    "Measure": {"verdict": "short", "letters": 5, "sha256": hashlib.sha256(b"hello").hexdigest()},
}

DEFINITION = ServiceDefinition(
    id="text-measuring",
    aliases=(),
    tool_name="text_measuring",
    action="MeasureText",
    name="Text measuring",
    description="Counts the letters of a text and gives its SHA-256 digest.",
    description_for_model="Call this when you need the length of a text and its digest. Send Text; read data.Measure.",
    use_cases=("Check that a text arrived whole.",),
    limitations=("It does not understand the text.",),
    category="text",
    tags=("text",),
    keywords=("length", "digest", "sha256"),
    input_types=("text",),
    output_types=("json",),
    price_cents=1,
    price_atomic=10_000,
    input_schema={
        "type": "object",
        "properties": {
            "Text": {"type": "string", "minLength": 1, "maxLength": 1000, "description": "What to measure."}
        },
        "required": ["Text"],
        "additionalProperties": False,
    },
    output_schema=body_of(
        {
            "type": "object",
            "properties": {
                "Action": {"type": "string"},
                "Result": {"type": "string"},
                "Elements": {"type": "array", "items": _ELEMENT},
                "Measure": _REPORT,
                "Receipt": {"type": "string"},
            },
            "required": ["Action", "Result", "Elements", "Measure"],
        },
        "The text is not in it.",
    ),
    example_input={"Text": "hello"},
    example_output={
        "requestId": "7f0c1e6d9a7b4b0c8f57a1a7d1f0c2ab",
        "code": "200",
        "message": "success",
        "content": "",
        "data": _EXAMPLE,
    },
    report_field="Measure",
    reading="`data.Measure.letters` is the number of letters in the text.",
    signed=_signed,
    stages={"counting": "Counting the letters"},
)


@dataclass(frozen=True, slots=True)
class Measuring:
    """Measures a text within this process."""

    seconds: float = 1.0

    def check(self, given: Mapping[str, Any]) -> None:
        """Every text that fits the schema can be measured."""

    async def answer(self, given: Mapping[str, Any], progress: Progress | None = None) -> Answer:
        """The number of letters and the digest."""
        if progress is not None:
            progress("counting", 0.5)
        text = given["Text"]
        letters = sum(letter.isalpha() for letter in text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        verdict = "short" if letters < 100 else "long"
        return Answer([{"Letters": letters}], {"verdict": verdict, "letters": letters, "sha256": digest})


def _local(_machine: LocalProvider) -> Any:
    return Measuring().answer


def _shown(report: dict[str, Any]) -> ShownReport:
    body = Markup("<h2>{} letters</h2>").format(report["letters"])
    facts = Markup("<div><dt>Text</dt><dd>sha256 <code>{}</code></dd></div>").format(report["sha256"])
    return ShownReport(report["verdict"], body, facts)


SERVICE = Service(
    definition=DEFINITION,
    provider=lambda _machine, _settings: Measuring(),
    renderer=_shown,
    local=LocalTool(_local, guide="It measures texts too."),
)
