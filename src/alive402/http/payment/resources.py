"""What is paid for, as x402 describes it."""

from __future__ import annotations

from alive402.catalog import ServiceDefinition
from alive402.payments.x402.signed_payment import Resource


def resource_of(service: ServiceDefinition, url: str) -> Resource:
    """What is paid for, as x402 describes it; `url` is the one that was called."""
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
