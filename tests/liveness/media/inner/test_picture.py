"""Tests of the inner picture: found inside drawn surroundings, never inside what a camera filmed."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from alive402.liveness.media.inner import InnerPicture, InnerPictureWatch, find
from alive402.liveness.media.inner.picture import LOOKS

Image = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 480, 360
BOX = np.array([180, 100, 300, 240], np.float32)
NEAR = 0.01
FOUND = (Phase.explicit, Phase.reuse, Phase.generate)


def filmed(
    seed: int = 1, size: tuple[int, int] = (WIDTH, HEIGHT), sway: float = 2.0, contrast: float = 45
) -> list[Image]:
    """Frames of a textured room with a head in it that moves: what a camera would see."""
    rng = np.random.default_rng(seed)
    width, height = size
    large = (width + 40, height + 40)
    wall = sum(
        cv2.resize(rng.normal(0, contrast / level, (9 * level, 12 * level, 3)).astype(np.float32), large)
        for level in (1, 4, 12, 24)
    )
    frames = []
    for look in range(LOOKS):
        x, y = (round(float(move)) for move in sway * np.array([np.sin(look), np.cos(look)]))
        seen = 120 + wall[20 + y : 20 + y + height, 20 + x : 20 + x + width] + rng.normal(0, 2, (height, width, 3))
        picture = np.clip(seen, 0, 255).astype(np.uint8)
        middle = (width // 2 + x, round(height * 0.47) + y)
        cv2.ellipse(picture, middle, (width // 8, height // 5), 0, 0, 360, (130, 150, 190), -1, cv2.LINE_AA)
        frames.append(picture)
    return frames


def framed(frames: list[Image], margins: tuple[int, int, int, int], colour: tuple[int, int, int], noise: float = 0.7):
    """The frames inside a band of one colour (left, top, right, bottom px) with a codec's noise; and the face box."""
    left, top, right, bottom = margins
    rng = np.random.default_rng(3)
    drawn = []
    for frame in frames:
        whole = cv2.copyMakeBorder(frame, top, bottom, left, right, cv2.BORDER_CONSTANT, value=colour)
        grain = rng.normal(0, noise, whole.shape)
        grain[top : top + frame.shape[0], left : left + frame.shape[1]] = 0
        drawn.append(np.clip(whole + grain + 0.5, 0, 255).astype(np.uint8))
    height, width = frames[0].shape[:2]
    box = np.array([0.375 * width, 0.28 * height, 0.625 * width, 0.67 * height], np.float32)
    return drawn, box + np.array([left, top] * 2, np.float32)


def close(found: InnerPicture | None, edges: tuple[int, int, int, int], frame: Image) -> bool:
    """Whether the found rectangle is within 1 percent of the frame's longest side."""
    if found is None or found.oval:
        return False
    apart = np.abs(np.array([found.left, found.top, found.right, found.bottom]) - edges)
    return float(apart.max()) <= max(3, NEAR * max(frame.shape[:2]))


@settings(max_examples=15, deadline=None, phases=FOUND)
@given(
    kind=st.sampled_from(["bars", "letterbox", "border", "one side"]),
    share=st.floats(0.03, 0.4),
    colour=st.sampled_from([(0, 0, 0), (255, 255, 255), (16, 16, 16), (160, 60, 20), (245, 245, 240)]),
    noise=st.floats(0, 1.5),
    seed=st.integers(0, 50),
)
def test_plain_bars_are_found(kind: str, share: float, colour: tuple[int, int, int], noise: float, seed: int) -> None:
    wide = max(5, round(share * WIDTH))
    margins = {
        "bars": (wide, 0, wide, 0),
        "letterbox": (0, wide, 0, wide),
        "border": (wide // 2 + 3,) * 4,
        "one side": (0, 0, 0, wide),
    }[kind]
    frames, box = framed(filmed(seed), margins, colour, noise)
    left, top = margins[:2]
    assert close(find(frames, box), (left, top, left + WIDTH, top + HEIGHT), frames[0])


def test_text_on_a_band_belongs_to_the_band() -> None:
    frames, box = framed(filmed(), (0, 0, 0, 90), (245, 245, 245))
    for frame in frames:
        cv2.putText(frame, "what verifying", (20, HEIGHT + 40), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (20, 20, 20), 2)
        cv2.putText(frame, "a face is like", (20, HEIGHT + 78), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (20, 20, 20), 2)
    assert close(find(frames, box), (0, 0, WIDTH, HEIGHT), frames[0])


def test_window_of_a_recorded_call_is_found() -> None:
    frames, box = framed(filmed(), (120, 60, 200, 110), (36, 33, 32))
    others = filmed(9, (120, 90))
    for frame, other in zip(frames, others, strict=True):
        cv2.putText(frame, "Weekly sync", (20, 35), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (230, 230, 230), 2)
        frame[360:450, 660:780] = other
        for place in range(4):
            cv2.circle(frame, (240 + 80 * place, 480), 24, (70, 67, 60), -1)
    assert close(find(frames, box), (120, 60, 120 + WIDTH, 60 + HEIGHT), frames[0])


@pytest.mark.parametrize("side", ["left and right", "top and bottom"])
def test_blurred_bars_are_found(side: str) -> None:
    frames = []
    for frame in filmed(4, contrast=25):
        large = cv2.resize(frame, None, fx=1.6, fy=1.6)
        height, width = large.shape[:2]
        if side == "left and right":
            around = cv2.GaussianBlur(large[108 : 108 + HEIGHT], (0, 0), 20)
            around[:, (width - WIDTH) // 2 : (width - WIDTH) // 2 + WIDTH] = frame
        else:
            around = cv2.GaussianBlur(large[:, 144 : 144 + WIDTH], (0, 0), 20)
            around[(height - HEIGHT) // 2 : (height - HEIGHT) // 2 + HEIGHT] = frame
        frames.append(around)
    left, top = (144, 0) if side == "left and right" else (0, 108)
    found = find(frames, BOX + np.array([left, top] * 2, np.float32))
    assert close(found, (left, top, left + WIDTH, top + HEIGHT), frames[0])


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (120, 60, 200)])
@pytest.mark.parametrize("middle", [(240, 180), (200, 300)])
def test_oval_is_found_and_filled_beyond_its_rim(colour: tuple[int, int, int], middle: tuple[int, int]) -> None:
    axes = (120, 150)
    frames = []
    for frame in filmed(5):
        mask = np.zeros(frame.shape[:2], np.uint8)
        cv2.ellipse(mask, middle, axes, 0, 0, 360, 255, -1, cv2.LINE_AA)
        frames.append(np.where(mask[..., None] > 127, frame, np.uint8(colour)).astype(np.uint8))
    box = np.array([middle[0] - 60, middle[1] - 70, middle[0] + 60, min(middle[1] + 70, HEIGHT)], np.float32)
    found = find(frames, box)
    assert found is not None
    assert found.oval
    edges = np.array([middle[0] - axes[0], middle[1] - axes[1], middle[0] + axes[0], middle[1] + axes[1]])
    assert np.abs(np.array([found.left, found.top, found.right, found.bottom]) - edges).max() <= 8
    filled = found.cut(frames[0])
    assert not (np.abs(filled.astype(int) - colour).max(axis=2) < 3).mean() > 0.02


@settings(max_examples=8, deadline=None, phases=FOUND)
@given(seed=st.integers(0, 1000), sway=st.floats(0, 4))
def test_room_has_no_inner_picture(seed: int, sway: float) -> None:
    assert find(filmed(seed, sway=sway), BOX) is None


@pytest.mark.parametrize("level", [40, 128, 235, 255])
def test_plain_wall_counts_as_surroundings(level: int) -> None:
    frames = []
    rng = np.random.default_rng(2)
    for look, frame in enumerate(filmed(6)):
        light = np.linspace(0, -12, WIDTH)[None, :, None] + rng.normal(0, 1.2, frame.shape)
        picture = np.clip(level + light, 0, 255).astype(np.uint8)
        cv2.ellipse(picture, (240, 360), (150, 110), 0, 0, 360, (60, 70, 90), -1, cv2.LINE_AA)
        cv2.ellipse(picture, (240 + look % 2, 170), (62, 78), 0, 0, 360, (130, 150, 190), -1, cv2.LINE_AA)
        frames.append(picture)
    assert find(frames, BOX) is None


@settings(max_examples=10, deadline=None, phases=FOUND)
@given(
    lean=st.floats(-6, 6),
    step=st.floats(0.6, 3),
    ink=st.sampled_from([(8, 8, 8), (250, 250, 250)]),
    seed=st.integers(0, 20),
)
def test_held_device_or_paper_is_kept(lean: float, step: float, ink: tuple[int, int, int], seed: int) -> None:
    """A flat border to the frame's edge, in perspective, that moves by parts of a pixel."""
    rng = np.random.default_rng(seed)
    frames = []
    for look, inside in enumerate(filmed(seed, sway=0)):
        angle, shift = np.radians(lean + 0.3 * np.sin(look)), step * np.array([np.sin(1.3 * look), np.cos(look)])
        corners = (
            np.array([[-165, -135], [165, -130], [160, 140], [-160, 132]])
            @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
            + np.array([240, 180])
            + shift
        ).astype(np.float32)
        source = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
        warp = cv2.getPerspectiveTransform(source, corners)
        seen = np.full_like(inside, ink)
        cv2.warpPerspective(inside, warp, (WIDTH, HEIGHT), seen, borderMode=cv2.BORDER_TRANSPARENT)
        frames.append(np.clip(seen + rng.normal(0, 1.0, seen.shape) + 0.5, 0, 255).astype(np.uint8))
    assert find(frames, BOX) is None


def test_odd_input_has_no_inner_picture() -> None:
    frames = filmed()
    assert find([], BOX) is None
    assert find(frames[:2], BOX) is None
    assert find(frames, np.full(4, np.nan, np.float32)) is None
    assert find(frames, np.array([-50, -50, 2, 2], np.float32)) is None
    assert find([frame[:40, :40] for frame in frames], np.array([5, 5, 30, 30], np.float32)) is None
    black = [np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * LOOKS
    assert find(black, BOX) is None


def test_watch_settles_in_frame_px_and_drops_changes() -> None:
    frames, box = framed(filmed(), (80, 0, 80, 0), (0, 0, 0))
    height, width = frames[0].shape[:2]
    watch = InnerPictureWatch()
    for place, frame in enumerate(frames):
        assert not watch.settled
        watch.look(frame, (2 * width, 2 * height), place / 8, box)
    assert watch.settled
    assert watch.found is not None
    assert (watch.found.top, watch.found.bottom) == (0, 2 * height)
    assert abs(watch.found.left - 160) <= 6
    assert watch.finish() == watch.found
    for place, frame in enumerate(filmed(8, (width, height))):
        watch.look(frame, (2 * width, 2 * height), 3 + place / 8, box)
    assert watch.found is None
    assert watch.finish() is None
