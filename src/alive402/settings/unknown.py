"""Finds environment variables that look like settings and are none: a misspelt setting would be ignored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from alive402.settings.settings import Settings

PREFIX = "ALIVE402_"
OTHERS = frozenset({"CACHE"})
"""Variables that are read elsewhere and are no settings of the service."""


def unknown_settings(names: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """Each name of `names` that begins like a setting and is none, with the nearest setting, if one is near.

    >>> list(unknown_settings(["ALIVE402_NETWROK", "ALIVE402_PORT", "ALIVE402_QUUX", "PATH"]))
    [('ALIVE402_NETWROK', 'ALIVE402_NETWORK'), ('ALIVE402_QUUX', None)]
    """
    known = {name.upper() for name in Settings.model_fields} | OTHERS
    for name in sorted(names):
        prefix, own = name.upper()[: len(PREFIX)], name.upper()[len(PREFIX) :]
        if prefix == PREFIX and own not in known:
            near = get_close_matches(own, known, n=1, cutoff=0.75)
            yield name, PREFIX + near[0] if near else None
