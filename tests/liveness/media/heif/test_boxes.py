"""Tests of the box reader of HEIF files: bounded, and exact on well-formed boxes."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alive402.liveness.errors import UndecodableImage
from alive402.liveness.media.heif.boxes import (
    MOST_PIECES,
    Place,
    Reader,
    read_associations,
    read_boxes,
    read_kinds,
    read_places,
    read_sources,
)

KINDS = st.binary(min_size=4, max_size=4)


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


@given(st.lists(st.tuples(KINDS, st.binary(max_size=30), st.booleans()), max_size=8))
def test_boxes_are_read_back(boxes: list[tuple[bytes, bytes, bool]]) -> None:
    data = b"".join(
        struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body if large else box(kind, body)
        for kind, body, large in boxes
    )
    assert [(kind, bytes(body)) for kind, body in read_boxes(memoryview(data))] == [each[:2] for each in boxes]


def test_box_that_ends_behind_the_data_is_cut_off() -> None:
    assert [bytes(body) for _, body in read_boxes(memoryview(box(b"mdat", b"12345")[:-2]))] == [b"123"]
    assert [bytes(body) for _, body in read_boxes(memoryview(struct.pack(">I4s", 0, b"mdat") + b"12"))] == [b"12"]


def test_impossible_size_and_too_many_boxes_are_refused() -> None:
    with pytest.raises(UndecodableImage):
        list(read_boxes(memoryview(struct.pack(">I4s", 7, b"free"))))
    with pytest.raises(UndecodableImage):
        list(read_boxes(memoryview(box(b"free", b"") * (MOST_PIECES + 1))))
    with pytest.raises(UndecodableImage):
        Reader(struct.pack(">I", MOST_PIECES + 1)).counted(4)


@given(data=st.binary(max_size=120))
def test_random_bytes_give_a_result_or_a_known_error(data: bytes) -> None:
    view = memoryview(data)
    for read in (read_associations, read_kinds, read_places, lambda iref: read_sources(iref, 1)):
        with suppress(UndecodableImage, IndexError, struct.error):
            read(view)


def test_places_leave_out_other_files_and_items() -> None:
    def item(number: int, method: int, file: int) -> bytes:
        return struct.pack(">HHHI", number, method, file, 100) + struct.pack(">HII", 1, 5, 7)

    iloc = bytes([1, 0, 0, 0, 0x44, 0x40]) + struct.pack(">H", 4)
    iloc += item(1, 0, 0) + item(2, 1, 0) + item(3, 2, 0) + item(4, 0, 1)
    assert read_places(memoryview(iloc)) == {1: Place(False, ((105, 7),)), 2: Place(True, ((105, 7),))}
