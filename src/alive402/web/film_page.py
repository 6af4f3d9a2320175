"""The page of `alive402 challenge film`, on which a person films an answer on this machine."""

from __future__ import annotations

from alive402.web.environment import environment


def render(base: str, challenge_id: str, folder: str) -> str:
    """The page as HTML: its files and the challenge's routes are below `base`, the clip goes into `folder`."""
    return environment().get_template("film.html").render(base=base, challenge_id=challenge_id, folder=folder)
