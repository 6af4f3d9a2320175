"""The price in OpenAPI, for directories of paid APIs: `x-payment-info` of an operation, `x-service-info` of the site.

agentcash and x402scan read `price` and `protocols`; mppx reads `offers`. One object holds all three.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alive402.calls import PaidCalls
from alive402.catalog import SiteCatalog, workflow
from alive402.payments.x402.schemes import CHARGES, Scheme, scheme_of


def call_info(calls: PaidCalls) -> dict[str, Any]:
    """`x-payment-info` of a service's operation: its price, and one offer for each network, token and scheme.

    Where the service counts units and a scheme settles less than the price, the price has a least amount, for one unit.
    """
    units, price = calls.service.units, {"mode": "fixed", "currency": "USD", "amount": _dollars(calls)}
    found = [(each, scheme) for each in calls.gate.accepts if (scheme := scheme_of(each))]
    if units is not None and any(scheme.settles_less for _, scheme in found):
        least = f"{calls.service.price_atomic / units.most / 1e6:.6f}".rstrip("0").rstrip(".")
        price = {"mode": "dynamic", "currency": "USD", "min": least, "max": _dollars(calls)}
    offers = [
        {
            "amount": each.amount,
            "currency": each.asset,
            "intent": "charge",
            "method": scheme.method,
            "description": f"{_words(calls, scheme)}, x402 `{each.scheme}` on {each.network}",
        }
        for each, scheme in found
    ]
    return {
        "price": price,
        "protocols": _protocols(calls),
        "offers": offers,
    }


def prepaid_info(services: Sequence[PaidCalls], max_calls: int) -> dict[str, Any]:
    """`x-payment-info` of paying ahead: from one call of the cheapest service to `max_calls` of the dearest one."""
    cheapest, dearest = (choose(services, key=lambda each: each.service.price_atomic) for choose in (min, max))
    highest = f"{dearest.service.price_atomic * max_calls / 1e6:.2f}"
    return {
        "price": {"mode": "dynamic", "currency": "USD", "min": _dollars(cheapest), "max": highest},
        "protocols": _protocols(cheapest),
    }


def service_info(site: SiteCatalog) -> dict[str, Any]:
    """`x-service-info` of the site."""
    return {
        "categories": sorted({service.category for service in site.services}),
        "docs": {
            "homepage": site.url("/"),
            "apiReference": site.url("/openapi.json"),
            "llms": site.url("/llms.txt"),
        },
    }


def guidance(site: SiteCatalog) -> str:
    """`x-guidance` of the document's `info`: how an agent pays."""
    return "\n".join(f"{number}. {step}" for number, step in enumerate(workflow(site), 1))


def _words(calls: PaidCalls, scheme: Scheme) -> str:
    units = calls.service.units
    if units is None or not scheme.settles_less:
        return f"{calls.service.price} an answer"
    return f"up to {calls.service.price} an answer, 1/{units.most} of it for each {units.name}"


def _protocols(calls: PaidCalls) -> list[dict[str, Any]]:
    """x402, and MPP with each token that it can charge."""
    charged = [
        {"method": charge.method, "intent": "charge", "currency": request["currency"]}
        for each in calls.gate.accepts
        for charge in CHARGES
        if (request := charge.request(each)) is not None
    ]
    return [{"x402": {}}, *({"mpp": each} for each in charged)]


def _dollars(calls: PaidCalls) -> str:
    return calls.service.price.removeprefix("USD ")
