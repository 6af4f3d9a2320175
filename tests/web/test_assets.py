"""Tests of the static files."""

from __future__ import annotations

import re

from alive402.web.assets import FOLDER, load_assets


def test_every_static_file_has_a_type_and_an_etag() -> None:
    files = load_assets().files
    stored = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert set(files) == stored | {"css/alive-capture.css"}
    for name, asset in files.items():
        assert name not in stored or asset.body == (FOLDER / name).read_bytes()
        assert re.fullmatch(r'"[0-9a-f]{32}"', asset.etag)
    assert {asset.media_type for asset in files.values()} == {
        "text/css",
        "text/javascript",
        "image/svg+xml",
        "image/png",
    }


def test_version_is_a_hash_of_all_files() -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", load_assets().version)
    assert load_assets() is load_assets()


def test_imported_modules_exist() -> None:
    files = load_assets().files
    for name, asset in files.items():
        folder = (FOLDER / name).parent
        for imported in re.findall(rb'(?:from |import\()"(\.[^"]+)"', asset.body):
            assert (folder / imported.decode()).resolve().relative_to(FOLDER).as_posix() in files
