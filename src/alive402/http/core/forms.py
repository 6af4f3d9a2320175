"""Streaming parser for multipart/form-data with one file; never holds the whole file in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from alive402.intake import UploadMalformed

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FILE_FIELD = "file"


async def file_in_form(chunks: AsyncIterator[bytes], content_type: str) -> AsyncIterator[bytes]:
    """Yield the bytes of the one part, named `file`, of the form in `chunks`.

    Raises:
        UploadMalformed: the form cannot be parsed, ends early, or has another part.
    """
    part = _Part()
    try:
        _, options = parse_options_header(content_type)
        parser = MultipartParser(options.get(b"boundary", b""), part.callbacks())
        async for chunk in chunks:
            parser.write(chunk)
            if part.parts > 1 or part.misnamed:
                raise UploadMalformed
            yield part.taken()
    except (FormParserError, ValueError):
        raise UploadMalformed from None
    if not part.ended or part.parts != 1:
        raise UploadMalformed


class _Part:
    """Collects what the parser reported since it was last read."""

    def __init__(self) -> None:
        self.parts, self.ended, self.misnamed = 0, False, False
        self._named = False
        self._name, self._value, self._data = bytearray(), bytearray(), bytearray()

    def taken(self) -> bytes:
        data = bytes(self._data)
        self._data.clear()
        return data

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header,
            "on_headers_finished": self._headed,
            "on_part_data": lambda data, start, end: self._data.extend(data[start:end]),
            "on_end": self._over,
        }

    def _begin_part(self) -> None:
        self.parts += 1

    def _header(self) -> None:
        if bytes(self._name).lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            self._named = True
            # When a header appears twice, the invalid name counts, however the network splits the form.
            self.misnamed |= options.get(b"name") != FILE_FIELD.encode()
        self._name.clear()
        self._value.clear()

    def _headed(self) -> None:
        self.misnamed |= not self._named

    def _over(self) -> None:
        self.ended = True
