"""What is sold where: the services with the facts of the site that sells them; every surface is rendered from it."""

from __future__ import annotations

from dataclasses import dataclass

from alive402.catalog.service import ServiceDefinition


@dataclass(frozen=True, slots=True)
class PriceOption:
    """One way to pay for a service: CAIP-2 network, token, atomic units of one call, and who receives them."""

    service_id: str
    network: str
    asset: str
    amount: str
    pay_to: str


@dataclass(frozen=True, slots=True)
class SiteCatalog:
    """The services and their site.

    Attributes:
        services: what is sold, the first one first.
        base: the site's URL as its callers see it, without a slash at the end.
        provider_id: the gateway's name for where the money goes.
        ways: every way to pay, by service, the default first.
        mcp: whether the site has the MCP door.
        test_money: whether payments are of test money, with a faucet.
    """

    services: tuple[ServiceDefinition, ...]
    base: str
    provider_id: str
    price_options: tuple[PriceOption, ...]
    mcp: bool
    test_money: bool

    def url(self, path: str) -> str:
        """An absolute URL of this site."""
        return f"{self.base}{path}"

    def find(self, service_id: str) -> ServiceDefinition | None:
        """The service of an id, canonical or not."""
        return next((service for service in self.services if service_id in service.ids), None)

    @property
    def name(self) -> str:
        """What the site is called."""
        return "alive402"

    @property
    def purpose(self) -> str:
        """What it is there for, in the words of its services."""
        return " ".join(service.description for service in self.services)
