"""Tests of the picture headers: sizes before decoding, and nothing but known errors."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.liveness.errors import UndecodableImage, UnsupportedImage
from alive402.liveness.media.image_headers import IMAGE_HEAD_BYTES, format_of, header_of

SUFFIXES = {"jpeg": ".jpg", "png": ".png", "webp": ".webp", "bmp": ".bmp"}


def encoded(kind: str, width: int, height: int) -> bytes:
    picture = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    return cv2.imencode(SUFFIXES[kind], picture)[1].tobytes()


@pytest.mark.parametrize("kind", SUFFIXES)
@settings(max_examples=40)
@given(width=st.integers(1, 90), height=st.integers(1, 90))
def test_size_is_read_from_the_header(kind: str, width: int, height: int) -> None:
    data = encoded(kind, width, height)
    assert format_of(data[:IMAGE_HEAD_BYTES]) == kind
    header = header_of(kind, data)
    assert (header.width, header.height) == (width, height)
    whole = cv2.imdecode(np.frombuffer(header.data, np.uint8), cv2.IMREAD_COLOR)
    assert whole.shape == (height, width, 3)


@pytest.mark.parametrize("kind", SUFFIXES)
@given(data=st.data())
def test_damaged_header_gives_a_header_or_a_refusal(kind: str, data: st.DataObject) -> None:
    spoiled = bytearray(encoded(kind, 20, 10))
    for place in data.draw(st.lists(st.integers(0, min(80, len(spoiled) - 1)), max_size=6)):
        spoiled[place] = data.draw(st.integers(0, 255))
    try:
        header = header_of(kind, bytes(spoiled[: data.draw(st.integers(1, len(spoiled)))]))
    except (UndecodableImage, UnsupportedImage):
        return
    assert header.width > 0
    assert header.height > 0


@pytest.mark.parametrize("head", [b"", b"BM are two letters of a text of some length", b"GIF89a", b"%PDF-1.7"])
def test_other_files_have_no_picture_format(head: bytes) -> None:
    assert format_of(head) is None
