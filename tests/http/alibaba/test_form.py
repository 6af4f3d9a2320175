"""Tests of the object upload form parser: independent of network chunks, refuses malformed forms."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.http.alibaba.form import ObjectForm
from alive402.intake import UploadMalformed

HOST = "uploads.alive402.test"
BUCKET_HOST = f"alive402.{HOST}"
MAX_BYTES = 3_000_000
PAGE = (Path(__file__).parents[3] / "docs" / "alibaba.md").read_text()


def form(parts: list[tuple[str, bytes]]) -> bytes:
    head = '--bound\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n'
    made = (head.format(name, '; filename="f"' if name == "file" else "").encode() + data for name, data in parts)
    return b"".join(each + b"\r\n" for each in made) + b"--bound--\r\n"


def read(body: bytes, cuts: list[int]) -> tuple[dict[str, str], bytes]:
    """Parse the form in `body`, cut into chunks."""

    async def chunks() -> Any:
        edges = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
        for begin, end in pairwise(edges):
            yield body[begin:end]

    async def whole() -> tuple[dict[str, str], bytes]:
        form = ObjectForm(chunks(), "multipart/form-data; boundary=bound")
        return await form.fields(), b"".join([chunk async for chunk in form.file()])

    return asyncio.run(whole())


NAMES = st.text("abcKEY_", min_size=1, max_size=8).filter(lambda name: name.lower() != "file")


@settings(deadline=None, max_examples=50)
@given(
    fields=st.lists(st.tuples(NAMES, st.text(max_size=20)), max_size=5, unique_by=lambda field: field[0].lower()),
    file=st.binary(max_size=300).filter(lambda data: b"--bound" not in data),
    cuts=st.lists(st.integers(min_value=0), max_size=8),
)
def test_form_parses_in_any_chunks(fields: list[tuple[str, str]], file: bytes, cuts: list[int]) -> None:
    parts = [(name, value.encode()) for name, value in fields]
    assert read(form([*parts, ("file", file)]), cuts) == ({name.lower(): value for name, value in fields}, file)


@settings(deadline=None, max_examples=50)
@given(
    broken=st.sampled_from(
        [
            form([("a", b"1"), ("file", b"data"), ("b", b"2")]),
            form([("a", b"1"), ("A", b"2"), ("file", b"data")]),
            form([("file", b"data"), ("file", b"data")]),
            form([("a", b"1")]),
            form([("file", b"data")])[:-6],
            form([("a", b"x" * 17_000), ("file", b"data")]),
        ]
    ),
    cuts=st.lists(st.integers(min_value=0), max_size=8),
)
def test_malformed_form_is_refused_in_any_chunks(broken: bytes, cuts: list[int]) -> None:
    with pytest.raises(UploadMalformed):
        read(broken, cuts)
