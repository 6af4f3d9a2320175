"""Tests of pictures by upload: free before the call, judged and deleted with it."""

from __future__ import annotations

import httpx
import pytest

from alive402.catalog import IMAGE_LIVENESS
from alive402.demo import Buyer
from tests.http.conftest import Service
from tests.http.test_images import NOBODY, PATH, balance, face, jpeg, packed

__all__ = ["face"]
pytestmark = pytest.mark.anyio


async def test_uploaded_pictures_are_judged_with_the_payment_of_the_call(service: Service, face: bytes) -> None:
    async with Buyer(service.url) as buyer, httpx.AsyncClient(base_url=service.url, timeout=180) as http:
        await buyer.fund()
        # Sign the price of the call once; the uploads are free.
        await buyer.buy(packed(jpeg(NOBODY)), PATH)
        headers = {"PAYMENT-SIGNATURE": buyer.signature}
        sent = [
            await http.post(
                "/api/uploads",
                params={"service": IMAGE_LIVENESS.id},
                content=picture,
                headers={**headers, "Content-Type": kind},
            )
            for picture, kind in [
                (face, "image/jpeg"),
                (jpeg(NOBODY), "application/octet-stream"),
                (face, "image/png"),
                (face, "image/x"),
            ]
        ]
        assert [each.status_code for each in sent] == [201] * 4, [each.text for each in sent]
        urls = [each.json()["url"] for each in sent]
        given = {"Tasks": [{"ImageURL": url} for url in urls]}
        bought = await http.post(PATH, json=given, headers=headers)
        assert bought.status_code == 200, bought.text
        assert [each["FaceNumber"] for each in bought.json()["data"]["Elements"]] == [1, 0, 1, 1]
        assert [each["ImageURL"] for each in bought.json()["data"]["Elements"]] == urls
        assert all([(await http.get(url)).json()["used"] for url in urls])
        # Bought again without the files; a new payment finds them gone.
        assert (await http.post(PATH, json=given, headers=headers)).text == bought.text
        gone = await buyer.buy(given, PATH)
        assert (gone.status_code, gone.json()["code"]) == (410, "upload_gone")
        assert await balance(buyer, service) == 5_000_000 - 50_000


async def test_uploaded_picture_of_more_than_ten_megabytes_is_refused(service: Service, face: bytes) -> None:
    async with Buyer(service.url) as buyer, httpx.AsyncClient(base_url=service.url, timeout=180) as http:
        await buyer.fund()
        await buyer.buy(packed(jpeg(NOBODY)), PATH)
        headers = {"PAYMENT-SIGNATURE": buyer.signature, "Content-Type": "image/jpeg"}
        params = {"service": IMAGE_LIVENESS.id}
        large = await http.post("/api/uploads", params=params, content=face + bytes(10_000_000), headers=headers)
        assert large.status_code == 201, large.text
        refused = await buyer.buy({"Tasks": [{"ImageURL": large.json()["url"]}]}, PATH)
        assert (refused.status_code, refused.json()["code"]) == (413, "image_too_large"), refused.text
        assert (await http.get(large.json()["url"])).json()["used"]
