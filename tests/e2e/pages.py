"""The commands in the documentation: finds every fenced block by its language and text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
RUNNABLE = {"sh", "bash", "shell", "console", "python", "py", "js", "javascript"}
_FENCE = re.compile(r"^```([\w-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its file, its language, and its text."""

    page: str
    language: str
    text: str

    @property
    def commands(self) -> str:
        """The typed commands of a block; of a console, the lines after a prompt."""
        if self.language != "console":
            return self.text
        return "".join(f"{line[2:]}\n" for line in self.text.splitlines() if line.startswith("$ "))


def fences() -> list[Block]:
    """Every fenced block of README.md and docs/, in order."""
    return [Block(page.name, *found) for page in PAGES for found in _FENCE.findall(page.read_text())]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", page.read_text())


def block(page: str, marker: str) -> str:
    """The commands of the one runnable block of `page` that holds `marker`."""
    (found,) = [each for each in fences() if each.page == page and each.language in RUNNABLE and marker in each.text]
    return found.commands
