"""Definition of a service for sale: ids, schemas, price and texts, from which every document is rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any


def _verdict(report: Mapping[str, Any]) -> dict[str, Any]:
    return {"verdict": report["verdict"]}


def _word(report: Mapping[str, Any]) -> str:
    return str(report["verdict"])


@dataclass(frozen=True, slots=True)
class Units:
    """What an answer costs where a buyer signs a limit: a share of the price for each unit, e.g. for each picture.

    Attributes:
        name: one unit in words.
        most: the most units of a call, which cost the whole price.
        count: the units in a report; at least one.
    """

    name: str
    most: int
    count: Callable[[Mapping[str, Any]], int]


@dataclass(frozen=True, slots=True)
class ServiceDefinition:
    """A service for sale.

    Attributes:
        id: canonical id, the last part of its path.
        aliases: other ids that mean the same service everywhere, the legacy one first; empty for a new service.
        tool_name: MCP tool and OpenAPI operationId.
        action: the `Action` of the answer.
        name: a few words for people.
        description: a sentence or two for everyone.
        description_for_model: how a model chooses and calls it, and reads the answer.
        use_cases: purposes of the service.
        limitations: what it does not do or detect.
        keywords: search words, in any language.
        alternative_names: names under which other catalogs list the service.
        input_types: media types or kinds of the input, for filters.
        output_types: the same of the output.
        price_cents: USD cents a call, for words.
        price_atomic: the same in atomic units of a six-decimals dollar token.
        input_schema: JSON Schema (2020-12) of the request body.
        output_schema: JSON Schema of the 200 body.
        report_field: where in the answer's `data` the report stands; each report has a `verdict` of one word.
        result: the report in one readable line, the `Result` of the answer.
        reading: how to read the report, a sentence or two for models.
        signed: the claims of a signed verdict that come from the report.
        units: how an answer is counted where less than the price can be settled; None where each costs all of it.
        stages: the progress message over MCP for each stage of the work.
        upload_input: the input that takes the URL of an upload; None when the service takes no uploads.
        upload_files: most uploads that one call takes.
        max_body_bytes: largest body of an HTTP request; larger than the default where the body may hold files.
    """

    id: str
    aliases: tuple[str, ...]
    tool_name: str
    action: str
    name: str
    description: str
    description_for_model: str
    use_cases: tuple[str, ...]
    limitations: tuple[str, ...]
    category: str
    tags: tuple[str, ...]
    keywords: tuple[str, ...]
    input_types: tuple[str, ...]
    output_types: tuple[str, ...]
    price_cents: int
    price_atomic: int
    input_schema: dict[str, Any] = field(hash=False)
    output_schema: dict[str, Any] = field(hash=False)
    example_input: dict[str, Any] = field(hash=False)
    example_output: dict[str, Any] = field(hash=False)
    alternative_names: tuple[str, ...] = ()
    report_field: str = "Report"
    result: Callable[[Mapping[str, Any]], str] = _word
    reading: str = ""
    signed: Callable[[Mapping[str, Any]], dict[str, Any]] = _verdict
    units: Units | None = None
    stages: Mapping[str, str] = field(default_factory=dict, hash=False)
    upload_input: str | None = None
    upload_files: int = 1
    max_body_bytes: int = 16 * 1024

    def answer(self, elements: list[dict[str, Any]], report: dict[str, Any]) -> dict[str, Any]:
        """The `data` of an answer, all that its verdict signs."""
        return {"Action": self.action, "Result": self.result(report), "Elements": elements, self.report_field: report}

    def share_of(self, data: Mapping[str, Any]) -> Fraction:
        """The share of the price that an answer's `data` costs, where less than the price can be settled."""
        if self.units is None:
            return Fraction(1)
        return Fraction(max(1, min(self.units.count(data[self.report_field]), self.units.most)), self.units.most)

    @property
    def ids(self) -> tuple[str, ...]:
        """The canonical id and its aliases."""
        return (self.id, *self.aliases)

    @property
    def legacy_id(self) -> str:
        """The id under which old clients know the service; its own id where there is no other."""
        return self.aliases[0] if self.aliases else self.id

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of its endpoint, the canonical one first."""
        return tuple(f"/api/tools/{service_id}" for service_id in self.ids)

    @property
    def page(self) -> str:
        """The path of its page for people."""
        return f"/services/{self.id}"

    @property
    def price(self) -> str:
        """The price in words, e.g. `USD 0.20`."""
        dollars = Decimal(self.price_atomic).scaleb(-6).normalize()
        cents = dollars.quantize(Decimal("0.01"))
        return f"USD {cents if cents == dollars else format(dollars, 'f')}"
