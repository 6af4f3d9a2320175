"""Site catalog: the services on sale with the facts of the site; every document is rendered from it."""

from __future__ import annotations

from dataclasses import dataclass

from alive402.catalog.service import ServiceDefinition


@dataclass(frozen=True, slots=True)
class PriceOption:
    """One payment option of a service: CAIP-2 network, token, atomic units per call, receiving address, x402 scheme."""

    service_id: str
    network: str
    asset: str
    amount: str
    pay_to: str
    scheme: str = "exact"


@dataclass(frozen=True, slots=True)
class SiteCatalog:
    """The services and their site.

    Attributes:
        services: the services on sale, the main one first.
        base: the site's URL as its callers see it, without a slash at the end.
        provider_id: provider id for the gateway, from the receiving address.
        price_options: of all services, the default first.
        mcp: whether the site serves MCP.
        test_money: whether payments use test money, with a faucet.
        docs_url: where the documentation is, None where it is not published.
        challenges: whether the site makes challenges, which a clip has to answer.
    """

    services: tuple[ServiceDefinition, ...]
    base: str
    provider_id: str
    price_options: tuple[PriceOption, ...]
    mcp: bool
    test_money: bool
    docs_url: str | None = None
    challenges: bool = False

    def url(self, path: str) -> str:
        """An absolute URL of this site."""
        return f"{self.base}{path}"

    def find(self, service_id: str) -> ServiceDefinition | None:
        """The service of an id or alias."""
        return next((service for service in self.services if service_id in service.ids), None)

    @property
    def name(self) -> str:
        """The site's name."""
        return "alive402"

    @property
    def purpose(self) -> str:
        """The site's purpose in one sentence, from its services."""
        return " ".join(service.description for service in self.services)
