"""Tests of the conditions, on a drawn face that moves: frame sizes, seeds, and the effect of each."""

from __future__ import annotations

import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from benchmarks.making.conditions import CONDITIONS, CONTROL, altered
from benchmarks.making.conditions.condition import GROUPS
from benchmarks.making.footage import Footage, read, save

from tests.liveness.scenes import MESH_POINTS, face, room, shifted, sway

WIDTH, HEIGHT, COUNT = 320, 250, 10
BOX = (110.0, 70.0, 190.0, 175.0)
NAMES = [name for name in CONDITIONS if name != CONTROL.name]
HEADERS = ("turned by its header", "mirrored by its header", "wide pixels")


def made() -> Footage:
    """A face that sways in a room; its mesh is an oval in its box, point 10 above, 152 below."""
    boxes = [shifted(BOX, x, y) for x, y in sway(COUNT, 4.0)]
    plain = Footage.of([face(room(3, (WIDTH, HEIGHT)), box) for box in boxes])
    angles = np.linspace(0, 2 * np.pi, MESH_POINTS, endpoint=False)
    marks = np.stack(
        [np.stack([150 + x + 40 * np.sin(angles), 122 + y - 52 * np.cos(angles)], axis=1) for x, y in sway(COUNT, 4.0)]
    )
    return replace(plain, boxes=np.array(boxes, np.float32), marks=marks.astype(np.float32))


@pytest.fixture(scope="module")
def footage() -> Footage:
    return made()


def stack(footage: Footage) -> npt.NDArray[np.uint8]:
    return np.stack(footage.frames)


def under(name: str, footage: Footage) -> Footage:
    return altered(CONDITIONS[name], footage)


def test_at_least_35_conditions_have_a_group_and_a_sentence() -> None:
    assert len(NAMES) >= 35
    assert {CONDITIONS[name].group for name in NAMES} == set(GROUPS)
    assert all(one.says.endswith(".") and "," not in one.name for one in CONDITIONS.values())


@pytest.mark.parametrize("name", NAMES)
def test_condition_keeps_its_contract_and_is_seeded(name: str, footage: Footage) -> None:
    before = stack(footage)
    once, again = under(name, footage), under(name, made())
    assert (stack(footage) == before).all(), "the footage it was given is left as it was"
    assert (stack(once) == stack(again)).all(), "the same seed gives the same frames"
    pictures = stack(once)
    assert pictures.dtype == np.uint8
    assert pictures.shape[3] == 3
    assert 64 <= min(pictures.shape[1:3]) <= max(pictures.shape[1:3]) <= 640
    assert len(once.times) == len(pictures)
    assert (np.diff(once.times) > 0).all()
    if CONDITIONS[name].group != "time":
        assert (once.times == footage.times).all()
    changed = pictures.shape != before.shape or (pictures != before).any()
    assert changed or CONDITIONS[name].encoding != CONTROL.encoding


@pytest.mark.parametrize("name", ["noise", "lit by a screen", "variable frame rate", "background replaced"])
def test_other_seed_gives_other_frames(name: str, footage: Footage) -> None:
    one, other = under(name, footage), altered(CONDITIONS[name], footage, seed=7)
    assert len(one.frames) != len(other.frames) or (stack(one) != stack(other)).any()


@pytest.mark.parametrize("name", [name for name in NAMES if CONDITIONS[name].group == "covered"])
def test_conditions_accept_frames_without_a_face(name: str, footage: Footage) -> None:
    unknown = Footage.of(footage.frames)
    assert under(name, unknown).frames[0].shape == footage.frames[0].shape


@pytest.mark.parametrize("name", NAMES)
def test_file_holds_the_frames_at_their_times(name: str, footage: Footage, tmp_path: Path) -> None:
    condition, path = CONDITIONS[name], tmp_path / f"clip{CONDITIONS[name].encoding.suffix}"
    once = under(name, footage)
    save(once, path, condition.encoding)
    with av.open(str(path)) as file:
        times = [float(frame.time or 0) for frame in file.decode(video=0)]
        assert bool(file.streams.audio) is condition.encoding.sound
    assert len(times) == len(once.frames)
    assert np.abs(np.array(times) - times[0] - once.times).max() < 2e-3


@pytest.mark.parametrize("name", ["as they are", "H.264 at CRF 40", "sent by a messenger"])
def test_file_is_the_same_whatever_the_memory_held(name: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    noisy = [np.clip(frame + rng.integers(-9, 10, frame.shape), 0, 255).astype(np.uint8) for frame in made().frames]
    clip = replace(Footage.of(noisy * 4), times=np.cumsum(rng.uniform(0.02, 0.05, 4 * COUNT)))
    files = []
    for number in range(3):
        left = [rng.integers(0, 256, size, np.uint8) for size in rng.integers(100_000, 3_000_000, 30)]
        del left
        path = tmp_path / f"{number}.mp4"
        save(clip, path, CONDITIONS[name].encoding)
        files.append(path.read_bytes())
    assert files[0] == files[1] == files[2]


def test_bars_and_borders_leave_the_picture_whole(footage: Footage) -> None:
    first = footage.frames[0]
    sides = under("black side bars", footage).frames[0]
    left = round(0.3 * WIDTH)
    assert (sides[:, left : left + WIDTH] == first).all()
    assert (sides[:, :left] == 16).all()
    assert (sides[:, left + WIDTH :] == 16).all()
    top = round(0.25 * HEIGHT)
    boxed = under("letterbox", footage).frames[0]
    assert (boxed[top : top + HEIGHT] == first).all()
    assert (boxed[:top] == 16).all()
    white = under("white border", footage).frames[0]
    x, y = round(0.12 * WIDTH), round(0.12 * HEIGHT)
    assert (white[y : y + HEIGHT, x : x + WIDTH] == first).all()
    assert (white[:y] == 250).all()
    assert (under("caption above", footage).frames[0][-HEIGHT:] == first).all()
    assert (under("subtitles below", footage).frames[0][:HEIGHT] == first).all()
    blurred = under("blurred side bars", footage).frames[0]
    assert (blurred[:, round(0.4 * WIDTH) : round(0.4 * WIDTH) + WIDTH] == first).all()


def test_rotations_and_mirrors_are_reversible(footage: Footage) -> None:
    first = footage.frames[0]
    assert (np.rot90(under("sideways", footage).frames[0], -1) == first).all()
    assert (np.rot90(under("sideways clockwise", footage).frames[0]) == first).all()
    assert (np.rot90(under("upside down", footage).frames[0], 2) == first).all()
    assert (under("mirrored", footage).frames[0][:, ::-1] == first).all()


def test_headers_hold_the_instructions_for_players(footage: Footage, tmp_path: Path) -> None:
    for name in HEADERS:
        save(under(name, footage), tmp_path / f"{name}.mp4", CONDITIONS[name].encoding)
    turned = read(tmp_path / "turned by its header.mp4", None).frames[0]
    assert turned.shape == footage.frames[0].shape
    assert np.abs(turned.astype(float) - footage.frames[0]).mean() < 6
    mirrored = (tmp_path / "mirrored by its header.mp4").read_bytes()
    at = mirrored.index(b"tkhd") + 44  # ISO/IEC 14496-12, 8.3.2: the matrix of a version 0 box, 16.16 fixed point
    across, _, _, _, down = struct.unpack(">5i", mirrored[at : at + 20])
    assert (across, down) == (-65536, 65536)
    with av.open(str(tmp_path / "wide pixels.mp4")) as file:
        stream = file.streams.video[0]
        assert (stream.width, stream.sample_aspect_ratio) == (240, Fraction(4, 3))


def test_frame_rates_are_changed(footage: Footage) -> None:
    long = footage.at(np.arange(60) % COUNT, np.arange(60) / 30)
    assert len(under("10 frames a second", long).frames) == 20
    assert len(under("5 frames a second", long).frames) == 10
    assert 25 <= len(under("variable frame rate", long).frames) <= 47
    twice = under("frames repeated", long).frames
    assert all((twice[place] == twice[place + 1]).all() for place in range(0, 60, 2))
