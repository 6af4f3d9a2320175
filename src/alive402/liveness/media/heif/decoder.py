"""Decodes HEVC and AV1 stills to BGR: checks each bitstream, lays tiles on the canvas, turns and crops the picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import av
import av.codec
import numpy as np
import numpy.typing as npt
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from alive402.liveness.errors import UndecodableImage
from alive402.liveness.media.heif.layout import Coded, Crop, Layout, Mirror, Turn

Pixels = npt.NDArray[np.uint8]

_DECODERS = {"hevc": "hevc", "av1": "libdav1d"}
# Decoders round sizes up to a multiple of their largest block, px.
_LARGEST_BLOCK = 128
_MOST_UNITS = 20_000

# NAL unit types (H.265, table 7-1): pictures that need no other picture (IRAP), and parameter sets.
_HEVC_PICTURE, _HEVC_SETS = range(16, 22), range(32, 35)
_HEVC_LENGTH_SIZE = 21
_FIRST_SLICE = 0x80

_AV1_SEQUENCE, _AV1_FRAME_HEADER, _AV1_TILES, _AV1_FRAME, _AV1_AGAIN = 1, 3, 4, 6, 7
_AV1_KEPT = frozenset({_AV1_SEQUENCE, _AV1_FRAME_HEADER, _AV1_TILES, _AV1_FRAME, _AV1_AGAIN})
# A still is one frame; a layered one has a frame for each of at most four layers.
_AV1_MOST_FRAMES = 4

# Colour matrices of ISO/IEC 23091-2 that swscale converts; BT.601 is the default of MIAF.
_MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
}
# Interpolates and rounds chroma as libheif and libavif do; swscale's fast path is up to two levels darker.
_INTERPOLATION = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


def weighed(layout: Layout) -> tuple[Layout, int]:
    """Reduces bitstreams to the parts that make pixels; also returns the largest number of slices in one.

    Each slice may cover the whole picture again, so the decoder may process it as many times.

    Raises:
        UndecodableImage: a bitstream is cut, or holds more than one picture.
    """
    kept: dict[int, tuple[Coded, int]] = {}
    for tile in layout.tiles:
        if id(tile) not in kept:
            data, passes = (_hevc if tile.codec == "hevc" else _av1)(tile)
            kept[id(tile)] = replace(tile, data=data), passes
    tiles = tuple(kept[id(tile)][0] for tile in layout.tiles)
    return replace(layout, tiles=tiles), max(passes for _, passes in kept.values())


def decoded(layout: Layout) -> Pixels:
    """Decodes a checked layout to (height, width, 3) uint8 BGR, cropped and turned, one tile at a time.

    Raises:
        UndecodableImage: a bitstream cannot be decoded, or its size is not that of its `ispe`.
    """
    try:
        return _changed(_canvas(layout), layout)
    except (av.FFmpegError, MemoryError, ValueError):
        raise UndecodableImage from None


def _canvas(layout: Layout) -> Pixels:
    if len(layout.tiles) == 1:
        # Release the decoder with the memory of its frame before the pixels are copied.
        frame = _Decoder().bgr(layout.tiles[0])
        return _pixels(frame)[: layout.height, : layout.width]
    decoder = _Decoder()
    canvas = np.empty((layout.height, layout.width, 3), np.uint8)
    for number, tile in enumerate(layout.tiles):
        row, column = divmod(number, layout.columns)
        place = canvas[row * tile.height :, column * tile.width :][: tile.height, : tile.width]
        place[:] = _pixels(decoder.bgr(tile))[: place.shape[0], : place.shape[1]]
    return canvas


def _changed(pixels: Pixels, layout: Layout) -> Pixels:
    for change in layout.changes:
        match change:
            case Turn(quarters):
                pixels = np.rot90(pixels, quarters)
            case Mirror(sides):
                pixels = pixels[:, ::-1] if sides else pixels[::-1]
            case Crop(left, top, width, height):
                pixels = pixels[top : top + height, left : left + width]
    return np.ascontiguousarray(pixels)


class _Decoder:
    """The FFmpeg decoders of one picture, one for each configuration; the tiles of a grid mostly share one."""

    def __init__(self) -> None:
        self._contexts: dict[tuple[str, bytes], VideoCodecContext] = {}
        self._colours = VideoReformatter()

    def bgr(self, coded: Coded) -> VideoFrame:
        """Decodes one picture to a frame of BGR."""
        key = coded.codec, coded.configuration
        context = self._contexts.get(key)
        if context is None:
            if len(self._contexts) > 8:
                self._contexts.clear()
            context = self._contexts[key] = _context(coded)
        frames = [*context.decode(av.Packet(coded.data)), *context.decode(None)]
        context.flush_buffers()
        if not frames:
            raise UndecodableImage
        frame = frames[-1]
        # A size or depth other than the container's was never checked against the limits.
        if (frame.width, frame.height) != (coded.width, coded.height) or frame.is_corrupt:
            raise UndecodableImage
        if _is_deep(frame) and not coded.is_deep:
            raise UndecodableImage
        return self._converted(frame, coded)

    def _converted(self, frame: VideoFrame, coded: Coded) -> VideoFrame:
        matrix = frame.colorspace if coded.matrix is None else coded.matrix
        full = frame.color_range == ColorRange.JPEG if coded.full_range is None else coded.full_range
        return self._colours.reformat(
            frame,
            format="bgr24",
            interpolation=_INTERPOLATION,
            src_colorspace=_MATRICES.get(matrix, Colorspace.ITU601),
            src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            threads=1,
        )


def _is_deep(frame: VideoFrame) -> bool:
    parts = frame.format.components
    return len(parts) > 2 and parts[0].bits > 8 and frame.format.chroma_width(8) == 8


def _pixels(frame: VideoFrame) -> Pixels:
    return np.asarray(frame.to_ndarray(), np.uint8)


def _context(coded: Coded) -> VideoCodecContext:
    context = av.codec.CodecContext.create(_DECODERS[coded.codec], "r")
    assert isinstance(context, VideoCodecContext)
    if coded.codec == "hevc":  # An AV1 bitstream still contains its sequence header.
        context.extradata = coded.configuration
    # Frame threads would each hold a frame, and other files are judged in parallel.
    context.thread_count = 1
    most = (coded.width + 2 * _LARGEST_BLOCK) * (coded.height + 2 * _LARGEST_BLOCK)
    context.options = {"max_pixels": str(most), "err_detect": "explode"}
    return context


def _hevc(coded: Coded) -> tuple[bytes, int]:
    """Keeps slices and parameter sets; returns the bytes and the number of slices."""
    size = (coded.configuration[_HEVC_LENGTH_SIZE] & 3) + 1
    kept, slices, pictures = [], 0, 0
    for unit in _units(coded.data, size):
        kind, layer = unit[size] >> 1 & 63, (unit[size] & 1) << 5 | unit[size + 1] >> 3
        if layer:
            continue
        if kind in _HEVC_PICTURE:
            slices += 1
            pictures += bool(unit[size + 2] & _FIRST_SLICE)
        elif kind < 32:  # Needs other pictures, which are absent.
            raise UndecodableImage
        elif kind not in _HEVC_SETS:
            continue
        kept.append(unit)
    if pictures != 1:
        raise UndecodableImage
    return b"".join(kept), slices


def _units(data: bytes, size: int) -> Iterator[bytes]:
    """Yields each NAL unit with its length field of `size` bytes."""
    place = 0
    for _ in range(_MOST_UNITS):
        if place == len(data):
            return
        end = place + size + int.from_bytes(data[place : place + size], "big")
        if not place + size + 2 < end <= len(data):
            raise UndecodableImage
        yield data[place:end]
        place = end
    raise UndecodableImage


def _av1(coded: Coded) -> tuple[bytes, int]:
    """Keeps the OBUs that make pixels (AV1, 5.3); returns the bytes and the number of passes, always 1."""
    data, kept, place, frames = coded.data, [], 0, 0
    for _ in range(_MOST_UNITS):
        if place == len(data):
            break
        head = data[place]
        kind = head >> 3 & 15
        body = place + (2 if head & 4 else 1)
        length, body = _leb128(data, body) if head & 2 else (len(data) - body, body)
        end = body + length
        if end > len(data):
            raise UndecodableImage
        if kind in _AV1_KEPT:
            kept.append(data[place:end])
        frames += kind in {_AV1_FRAME, _AV1_FRAME_HEADER}
        place = end
    else:
        raise UndecodableImage
    if not 1 <= frames <= _AV1_MOST_FRAMES:
        raise UndecodableImage
    return b"".join(kept), 1


def _leb128(data: bytes, place: int) -> tuple[int, int]:
    """Reads a variable-length number of AV1; returns it and the position behind it."""
    value = 0
    for number in range(8):
        if place >= len(data):
            raise UndecodableImage
        byte = data[place]
        place += 1
        value |= (byte & 127) << 7 * number
        if not byte & 128:
            return value, place
    raise UndecodableImage
