"""Progress on a terminal: over many files, within one file, and while waiting. Nothing where output is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import ProgressColumn

    from alive402.liveness import Progress

Tell = Callable[[int, int, str], None]
"""Progress callback: files done, files in all, and a short text."""

NARROW = 70
"""Columns of a terminal below which the time and the text are left out, so that the bar stays."""
WORDS = 40
"""Most letters of the text beside a bar."""


@contextmanager
def bar(console: Console) -> Iterator[Tell]:
    """Show a bar over many files on `console` while the block runs, with the remaining time."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    if not console.is_terminal:
        yield lambda done, total, words: None
        return
    columns: list[ProgressColumn] = [BarColumn(_bar_width(console)), MofNCompleteColumn()]
    if console.width >= NARROW:
        text = TextColumn("{task.description}", style="dim", markup=False)
        columns += [TimeRemainingColumn(elapsed_when_finished=True), text]
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("", total=None)
        yield lambda done, total, words: shown.update(
            task, completed=done, total=total, description=_short(words, console)
        )


@contextmanager
def file_bar(console: Console, name: str) -> Iterator[Progress]:
    """Show how far one file is judged on `console` while the block runs."""
    from rich.progress import BarColumn, Progress, TextColumn

    if not console.is_terminal:
        yield lambda stage, share: None
        return
    columns: list[ProgressColumn] = [BarColumn(_bar_width(console)), TextColumn("{task.percentage:>3.0f} %")]
    if console.width >= NARROW:
        columns.insert(0, TextColumn("{task.description}", style="dim", markup=False))
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("opening", total=1.0)
        yield lambda stage, share: shown.update(task, description=f"{stage} {_short(name, console)}", completed=share)


@contextmanager
def waiting(console: Console) -> Iterator[Callable[[str], None]]:
    """Show each sentence with the seconds since it was said; the sentence alone where output is no terminal."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    if not console.is_terminal:
        yield lambda sentence: console.print(sentence, style="dim", soft_wrap=True)
        return
    columns = SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}", style="dim", markup=False)
    shown = Progress(*columns, console=console)

    def say(sentence: str) -> None:
        for task in shown.tasks:
            shown.update(task.id, total=1, completed=1)
        shown.add_task(sentence, total=None)
        shown.start()

    try:
        yield say
    finally:
        for task in shown.tasks:
            shown.update(task.id, total=1, completed=1)
        if shown.tasks:
            shown.stop()


def _bar_width(console: Console) -> int:
    """A third of the terminal, at most 40 columns; rich's own 40 would leave no room on a narrow one."""
    return max(4, min(40, console.width // 3))


def _short(words: str, console: Console) -> str:
    """The text, its beginning cut off where the terminal has no room for it."""
    room = max(4, min(WORDS, console.width - _bar_width(console) - 25))
    return words if len(words) <= room else "…" + words[1 - room :]
