"""Tests of the documentation as a site: it builds, is whole, loads nothing from other hosts, and lists every name."""

from __future__ import annotations

import html
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import alive402
from tests.e2e.pages import ROOT
from tests.web.conftest import Launch, launch  # noqa: F401


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    (folder / "src").symlink_to(ROOT / "src")
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=folder,
        env={**os.environ, "SERVICE_URL": "https://live.example/"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    # Strict: a broken link or anchor ends the build.
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "site"


def test_site_is_whole_and_leads_to_the_service(site: Path) -> None:
    home = (site / "index.html").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        address = page.with_suffix(".html").name
        assert f'href="./{address}"' in home or f'href="{address}"' in home, f"{page.name} is not in the nav"
        text = (site / address).read_text()
        assert 'href="https://live.example/"' in text
        for named in re.findall(r'(?:src|href)="([^"#?:]+)(?:[#?][^"]*)?"', text):
            assert (site / named).exists(), (page.name, named)
    assert "reconcile" in (site / "search.json").read_text()
    assert sum(each.stat().st_size for each in (ROOT / "docs/pictures").iterdir()) <= 300_000
    assert (ROOT / "docs/assets/icon.svg").read_bytes() == (ROOT / "src/alive402/web/static/icon.svg").read_bytes()


def test_site_builds_and_loads_no_foreign_resource(site: Path) -> None:
    for page in (ROOT / "docs").glob("*.md"):
        text = (site / page.with_suffix(".html").name).read_text()
        assert re.search(r"<(script|img|iframe|source)\b[^>]*\ssrc=\"?(https?:)?//", text) is None, page.name
        # The next page is named, not loaded; after the last one it is the service.
        loaded = re.sub(r'<link rel="(next|prev)"[^>]*>', "", text)
        assert re.search(r"<link\b[^>]*\shref=\"?(https?:)?//", loaded) is None, page.name
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


def test_wide_table_scrolls_by_keyboard(site: Path, launch: Launch) -> None:  # noqa: F811
    page = launch().new_page(viewport={"width": 390, "height": 844})
    page.goto((site / "clients.html").as_uri())
    wide = page.get_by_role("region", name="Table, scrolls sideways").first
    wide.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.scrollLeft > 0")
    page.set_viewport_size({"width": 1600, "height": 844})
    page.wait_for_function("!document.querySelector('.md-typeset__scrollwrap[tabindex]')")
