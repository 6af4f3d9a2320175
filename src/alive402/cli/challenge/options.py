"""The options of what a challenge may ask, for each command that draws one."""

from __future__ import annotations

from typing import Annotated

import typer

Steps = Annotated[int, typer.Option("--steps", help="How many movements, 3 to 8.")]
Avoid = Annotated[
    list[str] | None,
    typer.Option(
        "--avoid", metavar="MOVEMENT", help="turn_left, turn_right, look_up, look_down or open_mouth; repeatable."
    ),
]
Pace = Annotated[str, typer.Option("--pace", help="normal or slow; slow doubles the time for each movement.")]
