"""The Jinja environment of the site's templates: HTML is escaped, and a name that is missing is an error."""

from __future__ import annotations

import functools
import re

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

_CODE = re.compile(r"`([^`]+)`")
_URL = r"(https?://[^\s<>&]*[^\s<>&.,;:])"
_LOOKED_AT = re.compile(rf"(GET |at ){_URL}")
_SENT_TO = re.compile(rf"(POST |to ){_URL}")


@functools.cache
def environment() -> Environment:
    """The one environment of this process."""
    made = Environment(
        loader=PackageLoader("alive402.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["marked"] = _marked
    return made


def _marked(sentence: str) -> Markup:
    """A sentence of the catalog with its `code` and its addresses marked; only what can be fetched by GET is a link."""
    text = str(escape(sentence))
    text = _LOOKED_AT.sub(r'\1<a href="\2">\2</a>', text)
    text = _SENT_TO.sub(r"\1<code>\2</code>", text)
    return Markup(_CODE.sub(r"<code>\1</code>", text))
