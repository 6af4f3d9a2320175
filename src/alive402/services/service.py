"""One service for sale in one entry: definition, provider, renderer, local tool."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alive402.catalog import ServiceDefinition
from alive402.intake.sandbox import Progress
from alive402.providers import Answer, LocalProvider, Provider
from alive402.web import Renderer, ShownReport

if TYPE_CHECKING:
    from alive402.settings import Settings

LocalAnswer = Callable[[Mapping[str, Any], Progress], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class LocalTool:
    """A service as a free tool of `alive402 mcp`, on the user's own machine.

    Attributes:
        answer: makes its provider there from the machine, whose workers and limits all tools share.
        inputs: JSON Schemas, by name, of the inputs that differ there: paths instead of URLs.
        guide: a sentence or two for the model that uses the tools.
    """

    answer: Callable[[LocalProvider], LocalAnswer]
    inputs: Mapping[str, Any] = field(default_factory=dict, hash=False)
    guide: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A service for sale.

    Attributes:
        definition: ids, texts, schemas and price, from which every surface is rendered.
        provider: makes its provider from the machine, whose places and limits all services share, and the settings.
            Raises `PaymentsMisconfigured` where the settings ask for what is not installed.
        renderer: makes HTML of its report.
        try_template: the template of the form with which people try it on its page, None without one.
        local: the tool of `alive402 mcp`, None without one.
    """

    definition: ServiceDefinition
    provider: Callable[[LocalProvider, Settings], Provider]
    renderer: Renderer
    try_template: str | None = None
    local: LocalTool | None = None

    def shown(self, data: Mapping[str, Any]) -> ShownReport:
        """Render the report in an answer's `data` as HTML."""
        return self.renderer(data[self.definition.report_field])
