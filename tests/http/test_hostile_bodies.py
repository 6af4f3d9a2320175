"""Tests of hostile unpaid request bodies that cost far more than their size to parse."""

from __future__ import annotations

import base64
import json

import httpx
import pytest

from alive402.catalog import IMAGE_LIVENESS
from alive402.http.alibaba.errors import RpcRefused
from alive402.http.alibaba.rpc import input_of
from tests.http.conftest import Service

pytestmark = pytest.mark.anyio
PATH = IMAGE_LIVENESS.paths[0]
# Each is answered in a fraction of a second; what was quadratic, or told every fault, took minutes.
PATIENCE = 10.0


def task(data: str) -> bytes:
    return json.dumps({"Tasks": [{"ImageData": data}]}).encode()


BODIES: dict[str, tuple[bytes, str]] = {
    "millions of faults": (b'{"Tasks":[' + b"0," * 6_000_000 + b"0]}", "body_too_large"),
    "thousands of faults": (b'{"Tasks":[' + b"0," * 40_000 + b"0]}", "invalid_input"),
    "millions of properties": (b'{"Tasks":[{' + b'"":0,' * 2_000_000 + b'"a":0}]}', "body_too_large"),
    "a million objects": (b'{"Tasks":[' + b"{}," * 1_000_000 + b"{}]}", "body_too_large"),
    "lists in lists": (b'{"Tasks":' + b"[" * 90_000 + b"]" * 90_000 + b"}", "body_too_large"),
    "lists in lists, few bytes": (b'{"Tasks":' + b"[" * 8_000 + b"]" * 8_000 + b"}", "invalid_input"),
    "a number of millions of digits": (b'{"Tasks":' + b"9" * 6_000_000 + b"}", "invalid_json"),
    "eleven tasks": (json.dumps({"Tasks": [{"ImageData": "AAAA"}] * 11}).encode(), "invalid_input"),
    "no base64": (task("\u00e9" * 100), "invalid_image_data"),
    "half a letter": (task("\ud800"), "invalid_image_data"),
    "a data: address": (task("data:image/png;base64,iVBORw0KGgo="), "invalid_image_data"),
    "lines": (task(base64.encodebytes(bytes(100)).decode()), "invalid_image_data"),
    "one letter too few": (task("/9j/A"), "invalid_image_data"),
    "no picture": (task(base64.b64encode(b"PK\3\4" + bytes(9_000_000)).decode()), "unsupported_image"),
}


@pytest.mark.parametrize("name", BODIES)
async def test_hostile_body_is_refused_quickly(service: Service, name: str) -> None:
    body, code = BODIES[name]
    async with httpx.AsyncClient(timeout=PATIENCE) as http:
        answer = await http.post(service.url + PATH, content=body, headers={"Content-Type": "application/json"})
    assert (answer.json()["code"], answer.json()["charged"]) == (code, False)
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("door", ["/devchain/rpc", "/devchain/faucet", "/devchain/wallets/x/sign"])
@pytest.mark.parametrize(("lists", "code"), [(90_000, "body_too_large"), (16_000, "invalid_input")])
async def test_nested_lists_stop_no_process(service: Service, door: str, lists: int, code: str) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE) as http:
        headers = {"Content-Type": "application/json"}
        deep = await http.post(service.url + door, content=b'{"a":' + b"[" * lists + b"}", headers=headers)
        alive = await http.get(f"{service.url}/api/catalog")
    assert (deep.json()["code"], alive.status_code) == (code, 200)


@pytest.mark.parametrize("escape", [b"%41", b"%zz", b"+++", b"!!!"])
async def test_form_of_many_escapes_is_not_read(service: Service, escape: bytes) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE) as http:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        door = f"{service.url}/?Action={IMAGE_LIVENESS.action}"
        answer = await http.post(door, content=b"a=" + escape * 4_700_000, headers=headers)
    assert (answer.status_code, answer.json()["Message"].partition(":")[0]) == (400, "body_too_large")


@pytest.mark.parametrize("dots", [9, 100_000])
def test_parameter_of_many_dots_is_refused(dots: int) -> None:
    with pytest.raises(RpcRefused):
        input_of({"Tasks" + ".1" * dots: "a"}, IMAGE_LIVENESS.input_schema)
