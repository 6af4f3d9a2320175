"""The x402 description of what is paid for."""

from __future__ import annotations

from alive402.catalog import ServiceDefinition
from alive402.payments.x402.signed_payment import Resource


def resource_of(service: ServiceDefinition, url: str) -> Resource:
    """The x402 resource of a service; `url` is the URL that was called."""
    return Resource(
        url=url,
        paths=service.paths,
        description=service.description,
        service_name=service.name[:32],
        tags=service.tags[:5],
        input_schema=service.input_schema,
        example_input=service.example_input,
        example_output=service.example_output,
    )
