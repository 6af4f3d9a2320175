"""Helpers for tests of prepaid payments: create, pay, read."""

from __future__ import annotations

import httpx

from alive402.demo import Buyer
from tests.http.conftest import Service

SERVICE = "video-face-liveness-detection"
LEGACY = "aliyun-facebody-detect-video-living-face"
SECRET = "a-long-random-secret-of-one-client"


async def balance(buyer: Buyer, service: Service) -> int:
    return await buyer.balance(service.parts.terms.asset)


async def shown(service: Service, payment_id: str) -> dict[str, object]:
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{service.url}/api/payments/{payment_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def paid(buyer: Buyer, calls: int, **more: object) -> dict[str, str]:
    await buyer.fund()
    """The payment of so many calls, paid, with its token."""
    answer = await buyer.prepay(calls, **more)
    assert answer.status_code == 200, answer.text
    return {**answer.json(), "token": buyer.token}
