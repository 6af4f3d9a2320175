"""Tests of the upload form: parsed in any chunks, one part named `file`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alive402.http.core.forms import file_in_form
from alive402.intake import UploadMalformed


def form(files: list[tuple[str, tuple[str, bytes]]]) -> tuple[bytes, str]:
    request = httpx.Request("POST", "http://host.example", files=files)
    return request.read(), request.headers["content-type"]


def parse(body: bytes, content_type: str, size: int) -> bytes:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    async def whole() -> bytes:
        return b"".join([chunk async for chunk in file_in_form(chunks(), content_type)])

    return asyncio.run(whole())


@given(content=st.binary(max_size=300), size=st.integers(1, 400))
def test_file_is_read_in_any_chunks(content: bytes, size: int) -> None:
    assert parse(*form([("file", ("clip.mp4", content))]), size) == content


@given(size=st.integers(1, 400))
def test_other_or_second_part_is_refused_in_any_chunks(size: int) -> None:
    for names in (["video"], ["file", "file"], ["file", "note"]):
        body, content_type = form([(name, ("clip.mp4", b"bytes")) for name in names])
        with pytest.raises(UploadMalformed):
            parse(body, content_type, size)


@given(data=st.data())
def test_truncated_form_is_refused(data: st.DataObject) -> None:
    body, content_type = form([("file", ("clip.mp4", b"bytes of a video"))])
    end = data.draw(st.integers(0, len(body) - 4))
    with pytest.raises(UploadMalformed):
        parse(body[:end], content_type, 7)


@pytest.mark.parametrize("content_type", ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary="])
def test_content_type_without_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(UploadMalformed):
        parse(form([("file", ("clip.mp4", b"bytes"))])[0], content_type, 50)
