"""Tests of the documentation as a site: it builds, loads nothing from other hosts, and its reference is complete."""

from __future__ import annotations

import html
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import alive402
from tests.e2e.pages import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    # Strict: a broken link or anchor, or a page that nothing leads to, ends the build.
    assert built.returncode == 0, built.stderr
    return folder


def test_site_builds_and_loads_no_foreign_resource(site: Path) -> None:
    for page in (ROOT / "docs").glob("*.md"):
        text = (site / page.with_suffix(".html").name).read_text()
        assert re.search(r"<(script|img|iframe|source)\b[^>]*\ssrc=\"?(https?:)?//", text) is None, page.name
        assert re.search(r"<link\b[^>]*\shref=\"?(https?:)?//", text) is None, page.name
    styles = "".join(each.read_text() for each in site.rglob("*.css"))
    assert re.search(r"@import|url\(['\"]?(https?:)?//", styles) is None


def test_reference_lists_every_public_name(site: Path) -> None:
    page = (site / "api.html").read_text()
    words = html.unescape(re.sub(r"<[^>]+>", " ", page))
    headings = {each.rpartition(".")[2] for each in re.findall(r'<h\d id="(alive402\.[\w.]+)"', page)}
    for name in {*alive402.__all__} - {"__version__"}:
        assert name in headings
        offered = getattr(alive402, name)
        assert " ".join((offered.__doc__ or "").strip().split("\n")[0].split()[:4]).replace("`", "") in words
        named = set(re.findall(r"^ {8}(\w+): ", offered.__doc__ or "", re.MULTILINE))
        if inspect.isfunction(offered) or name == "Analyzer":
            named |= {*inspect.signature(offered).parameters}
        assert named <= set(re.findall(r"\w+", words)), name
