"""The commands in the documentation: every fenced block that a reader would run, found by what it says."""

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
    """A fenced block: the file's name, the language of the fence, and what stands in it."""

    page: str
    language: str
    text: str

    @property
    def commands(self) -> str:
        """What is typed: of a console, the lines after a prompt."""
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
    """What is typed in the one runnable block of `page` that holds `marker`."""
    (found,) = [each for each in fences() if each.page == page and each.language in RUNNABLE and marker in each.text]
    return found.commands
