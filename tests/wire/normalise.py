"""Reduces an answer to its wire: names, types, codes and addresses stay; prose and values of one run are masked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

PROSE = frozenset(
    {"description", "summary", "message", "title", "purpose", "label", "hint", "detail", "keywords", "Message"}
)
CODED = frozenset({"error", "Message"})
"""Keys whose text may start with a code and a colon: the code is wire."""
VERBATIM = frozenset({"name", "price"})
"""Keys whose text is compared although it holds spaces."""
EXAMPLES = frozenset({"example", "examples", "exampleInput", "exampleOutput", "Liveness", "quality"})
"""Keys whose values are examples, judgements or statistics: only names and types are compared."""
NULLABLE = frozenset({"score", "value", "attack_type", "qualityScore", "successRate", "latencyMs", "lastCallAt"})
"""Keys among those that may be null, by what was judged or counted."""
MEASURED = frozenset({"LiveConfidence", "FaceConfidence", "Rect", "progress"})
DAYS = frozenset({"day"})
UNORDERED = frozenset({"required", "enum", "tags"})
SKIPPED_HEADERS = frozenset(
    {"date", "server", "content-length", "connection", "etag", "keep-alive", "content-encoding"}
    # On every response; tests/http/core/test_security_headers.py has them.
    | {"access-control-allow-origin", "access-control-expose-headers"}
)
MASKED_HEADERS = frozenset({"content-security-policy", "x-alive402-verdict", "x-alive402-threshold"})

_MASKS = [
    (re.compile(pattern), mask)
    for pattern, mask in (
        (r"\bey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", "<jws>"),
        # A challenge of MPP; tests/http/test_mpp.py reads its request.
        (r"\bid=\"[A-Za-z0-9_-]{24}\"", 'id="<challenge>"'),
        (r"\brequest=\"[A-Za-z0-9_-]+\"", 'request="<charge>"'),
        (r"\b0x[0-9a-fA-F]{130,}\b", "<signature>"),
        (r"\b0x[0-9a-fA-F]{64}\b", "<hash>"),
        (r"\b0x[0-9a-fA-F]{40}\b", "<address>"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?", "<time>"),
        (r"\b[0-9a-f]{64}\b", "<sha256>"),
        (r"\b[0-9a-f]{32}\b", "<id>"),
        (r"\bAK[0-9A-Za-z]{18,}\b", "<AccessKeyId>"),
        (r"\bwhsec_[A-Za-z0-9+/=]+", "whsec_<secret>"),
        (r"\b(ak|pt|key|client|msg|job)_[A-Za-z0-9_-]{10,}", r"\1_<id>"),
        (r"(?<![A-Za-z0-9_-])(?=[a-z-]*[A-Z0-9_])(?:[A-Za-z0-9_-]{43}|[A-Za-z0-9_-]{32})(?![A-Za-z0-9_-])", "<random>"),
        (r"\b[0-9a-f]{16}\b", "<id>"),
        (r"/static/[^/\"' ]+/", "/static/<version>/"),
        (r"alive402-[0-9a-f]{8}\.json", "alive402-<id>.json"),
    )
]
_METHOD = re.compile(r"(GET|POST|PUT|DELETE) \S+")
_CODE = re.compile(r"([a-z][a-z0-9_]+): ")
_ADDRESSES = re.compile(r"(?:https?://|<base>)[^\s\"'`<>()\[\],|]*|(?<![\w/.>])/(?:[a-z.][\w./{}<>-]*)")
_HEADER_NAMES = re.compile(r"\b(?:X|PAYMENT|Prefer|Idempotency)(?:-[A-Za-z0-9]+)+\b")
_LINKS = re.compile(r"""(?:href|action)=["']?([^"' >]+)""")
_LOCATIONS = re.compile(r"<loc>([^<]+)</loc>")


class Normaliser:
    """Masks what changes from run to run; `known` are strings of this run and what stands for each."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = sorted(known.items(), key=lambda each: -len(each[0]))

    def text(self, value: str) -> str:
        """`value` with every id, time, hash and address masked."""
        for real, mask in self._known:
            value = re.sub(rf"(?<![\w.]){re.escape(real)}(?![\w])", mask, value)
        for pattern, mask in _MASKS:
            value = pattern.sub(mask, value)
        return value

    def json(self, value: Any, key: str = "") -> Any:
        """`value` as it is compared: keys, types, codes and constants."""
        if key in EXAMPLES and not _is_a_schema(value):
            return shape(value)
        if isinstance(value, Mapping):
            return {self.text(name): self.json(each, name) for name, each in value.items()}
        if isinstance(value, list):
            found = [self.json(each, key) for each in value]
            if key in UNORDERED:
                return sorted(found, key=json.dumps)
            return ["<text>"] if "<text>" in found and {*found} == {"<text>"} else found
        if key in DAYS:
            return "<day>"
        if isinstance(value, str):
            return self._string(value, key)
        if key in MEASURED and value is not None:
            return "<number>"
        if isinstance(value, int) and 1_600_000_000 < value < 4_000_000_000_000:
            return "<time>"
        return value

    def _string(self, value: str, key: str) -> str:
        code = _CODE.match(value)
        if key in CODED and code:
            return f"{code[1]}: <text>"
        if key in PROSE:
            return "<text>"
        if key in VERBATIM or _METHOD.fullmatch(value) or not re.search(r"\s", value):
            return self.text(value)
        return "<text>"

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers by their names; those that servers and networks add are left out."""
        kept = {name.lower(): value for name, value in headers.items() if name.lower() not in SKIPPED_HEADERS}
        return {name: "<value>" if name in MASKED_HEADERS else self.text(value) for name, value in sorted(kept.items())}

    def named(self, text: str, ids: frozenset[str] = frozenset()) -> list[str]:
        """Addresses, header names and the given ids that prose, Markdown or robots.txt names."""
        masked = self.text(text)
        addresses = {each.rstrip(".;:") for each in _ADDRESSES.findall(masked)}
        return sorted(addresses | {*_HEADER_NAMES.findall(masked)} | {each for each in ids if each in text})

    def links(self, html: str) -> list[str]:
        """Targets of a page's links and forms; its own files are not wire."""
        found = {self.text(each) for each in _LINKS.findall(html)}
        return sorted(each for each in found if not each.startswith(("/static/", "<base>/static/", "#", "data:")))

    def elements(self, xml: str) -> dict[str, Any]:
        """An XML document whose elements hold text alone."""
        tree = ElementTree.fromstring(xml)
        return {tree.tag: {each.tag: self._string(each.text or "", each.tag) for each in tree}}

    def locations(self, xml: str) -> list[str]:
        """Addresses of a sitemap."""
        return sorted(self.text(each) for each in _LOCATIONS.findall(xml))


def shape(value: Any, key: str = "") -> Any:
    """Names and types alone; a list is described by its distinct elements."""
    if key in NULLABLE:
        return "<value or null>"
    if isinstance(value, Mapping):
        return {name: shape(each, name) for name, each in value.items()}
    if isinstance(value, list):
        distinct = {json.dumps(shape(each), sort_keys=True) for each in value}
        return [json.loads(each) for each in sorted(distinct)]
    if isinstance(value, bool) or value is None:
        return "<null>" if value is None else "<boolean>"
    return "<number>" if isinstance(value, int | float) else "<string>"


def _is_a_schema(value: Any) -> bool:
    """Whether a value under the name of an example is JSON Schema for a property of that name."""
    return isinstance(value, Mapping) and (
        "$ref" in value or "properties" in value or isinstance(value.get("type"), str | list)
    )
