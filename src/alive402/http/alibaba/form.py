"""Streaming parser for an object upload form (multipart/form-data): the fields, then the file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from alive402.http.core import FILE_FIELD
from alive402.intake import UploadMalformed

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_FIELD_BYTES = 16 * 1024
"""Limit for everything before the file, including names and headers."""


class ObjectForm:
    """Read `fields` first, then `file`: the file is the last part, as OSS requires."""

    def __init__(self, chunks: AsyncIterator[bytes], content_type: str) -> None:
        self._chunks, self._parts = chunks, _Parts()
        try:
            _, options = parse_options_header(content_type)
            self._parser = MultipartParser(options.get(b"boundary", b""), self._parts.callbacks())
        except (FormParserError, ValueError):
            raise UploadMalformed from None

    async def fields(self) -> dict[str, str]:
        """The fields before the file, by lower-case name.

        Raises:
            UploadMalformed: the form cannot be parsed, is too large, repeats a name, or has no file.
        """
        while not self._parts.in_file:
            if not await self._more():
                raise UploadMalformed("The form has no part named `file`. Send it as the last part.")
        return self._parts.fields

    async def file(self) -> AsyncIterator[bytes]:
        """Yield the bytes of the file.

        Raises:
            UploadMalformed: the form ends early, or continues after the file.
        """
        yield self._parts.taken()
        while await self._more():
            yield self._parts.taken()
        if not self._parts.over:
            raise UploadMalformed("The form ended early.")

    async def _more(self) -> bool:
        chunk = await anext(self._chunks, None)
        if chunk is None:
            return False
        try:
            self._parser.write(chunk)
        except (FormParserError, ValueError):
            raise UploadMalformed from None
        return True


class _Parts:
    """Collects what the parser has reported so far."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.in_file, self.over = False, False
        self._part = ""
        self._read = 0
        self._name, self._value, self._field, self._file = bytearray(), bytearray(), bytearray(), bytearray()

    def taken(self) -> bytes:
        data = bytes(self._file)
        self._file.clear()
        return data

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": lambda data, start, end: self._add(self._name, data[start:end]),
            "on_header_value": lambda data, start, end: self._add(self._value, data[start:end]),
            "on_header_end": self._header,
            "on_headers_finished": self._named,
            "on_part_data": self._content,
            "on_part_end": self._ended,
            "on_end": self._finished,
        }

    def _begin_part(self) -> None:
        if self.in_file:
            raise UploadMalformed("The form continues after the file. Send the file as the last part.")
        self._part = ""

    def _header(self) -> None:
        if bytes(self._name).lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            self._part = options.get(b"name", b"").decode("utf-8").lower()
        self._name.clear()
        self._value.clear()

    def _named(self) -> None:
        if not self._part or self._part in self.fields:
            raise UploadMalformed("A part of the form has no name, or a name that was used before.")
        self.in_file = self._part == FILE_FIELD

    def _content(self, data: bytes, start: int, end: int) -> None:
        if self.in_file:
            self._file += data[start:end]
        else:
            self._add(self._field, data[start:end])

    def _ended(self) -> None:
        if not self.in_file:
            self.fields[self._part] = self._field.decode("utf-8")
            self._field.clear()

    def _finished(self) -> None:
        self.over = True

    def _add(self, to: bytearray, data: bytes) -> None:
        self._read += len(data)
        if self._read > MAX_FIELD_BYTES:
            raise UploadMalformed("The fields before the file are too large.")
        to += data
