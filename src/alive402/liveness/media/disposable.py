"""Finds packets that need not be decoded: pictures to which no other picture refers.

H.264 states it in `nal_ref_idc` (ITU-T H.264, 7.4.1), HEVC in the type of a slice and its temporal layer (ITU-T H.265,
7.4.2.2). Pictures of other codecs are all decoded, and those of HEVC whose header does not state how many temporal
layers there are.
"""

from __future__ import annotations

import statistics
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator
from typing import Any

LONGEST_GAP = 0.1
"""Most seconds between two decoded pictures where one between them is left out: at least 10 pictures a second."""
LARGE, COMPARED = 1.5, 9
"""A picture that refers to its neighbours is smaller than they are. One with more bytes than `LARGE` times the median
of the last references is decoded, because it may show something else."""
FIRST_PICTURES = 3
"""References that are decoded before anything is left out."""

_H264_SLICE, _H264_KEPT_OUT = 1, frozenset({6, 9, 12})
_HEVC_NOT_REFERENCES, _HEVC_KEPT_OUT = frozenset(range(0, 16, 2)), frozenset({35, 38, 39, 40})
_DISPLAY_ORIENTATION = 47


class Disposables:
    """Chooses the packets of one stream to decode, in decoding order; the others' times are noted.

    Args:
        codec: FFmpeg's name of the decoder.
        header: the stream's `extradata`, which says how its packets are divided.

    Attributes:
        unseen: presentation times of the packets left out, in units of the stream, in decoding order.
    """

    def __init__(self, codec: str, header: bytes) -> None:
        self.unseen: list[int] = []
        self._units = _Units.of(codec, header)
        self._decoded: list[int] = []
        self._sizes: deque[int] = deque(maxlen=COMPARED)
        self._waiting: Any = None
        self._latest: int | None = None

    def choose(self, packet: Any) -> Iterator[Any]:
        """Yield the packets to decode now, in order; call `finish` after the last one."""
        shown = packet.pts is not None and not packet.is_discard
        yield from self.finish(packet.pts if shown else None)
        if shown and self._may_wait(packet):
            self._waiting = packet
            self._latest = packet.pts
            return
        if shown:
            insort(self._decoded, packet.pts)
        if packet.pts is not None:
            self._sizes.append(packet.size)
        yield packet

    def finish(self, next_time: int | None = None) -> Iterator[Any]:
        """Yield the packet that still waits, if it has to be decoded; `next_time` is that of the next shown picture."""
        packet, self._waiting = self._waiting, None
        if packet is None:
            return
        place = bisect_left(self._decoded, packet.pts)
        after = [*self._decoded[place : place + 1], *([next_time] if next_time is not None else [])]
        later = [time for time in after if time > packet.pts]
        gap = (min(later) - self._decoded[place - 1]) * packet.time_base if place and later else None
        if gap is not None and gap <= LONGEST_GAP and packet.pts not in after:
            self.unseen.append(packet.pts)
            return
        insort(self._decoded, packet.pts)
        yield packet

    def _may_wait(self, packet: Any) -> bool:
        """Whether this packet is a picture to which no other refers, with a time, and not larger than usual."""
        if packet.time_base is None or packet.is_corrupt:
            return False
        # Where the stream's clock runs back, the times of its pictures no longer say which are neighbours.
        if self._latest is not None and packet.pts <= self._latest:
            return False
        if self._units is None or len(self._sizes) < FIRST_PICTURES:
            return False
        return bool(
            packet.size <= LARGE * statistics.median(self._sizes) and self._units.is_disposable(memoryview(packet))
        )


class _Units:
    """Reads the kinds of the units (NAL) of a packet. `length` is the bytes of a unit's size; 0 with start codes."""

    def __init__(self, hevc: bool, length: int, layers: int) -> None:
        self._hevc = hevc
        self._length = length
        self._layers = layers

    @classmethod
    def of(cls, codec: str, header: bytes) -> _Units | None:
        """None for a stream whose pictures are all decoded."""
        if codec == "h264":
            return cls(False, (header[4] & 3) + 1 if len(header) >= 7 and header[0] == 1 else 0, 1)
        if codec == "hevc" and len(header) >= 23 and header[0] == 1:
            # A layer may refer to pictures of a lower one that their own layer does not need.
            layers = header[21] >> 3 & 7
            return cls(True, (header[21] & 3) + 1, layers) if layers else None
        return None

    def is_disposable(self, packet: memoryview) -> bool:
        """Whether every slice belongs to a picture that no other refers to, and nothing else is in the packet."""
        slices = 0
        for start, end in self._spans(packet):
            if end - start < 3:
                return False
            found = self._hevc_slice(packet, start) if self._hevc else self._h264_slice(packet, start)
            if found is None:
                return False
            slices += found
        return slices > 0

    @staticmethod
    def _h264_slice(packet: memoryview, start: int) -> bool | None:
        kind, referred = packet[start] & 31, packet[start] >> 5 & 3
        if kind == _H264_SLICE and not referred:
            return True
        # A turn of the picture holds for the pictures after it.
        turn = kind == 6 and packet[start + 1] == _DISPLAY_ORIENTATION
        return False if kind in _H264_KEPT_OUT and not turn else None

    def _hevc_slice(self, packet: memoryview, start: int) -> bool | None:
        kind, layer = packet[start] >> 1 & 63, packet[start + 1] & 7
        if kind in _HEVC_NOT_REFERENCES and layer == self._layers:  # The layer is written plus one.
            return True
        turn = kind in (39, 40) and packet[start + 2] == _DISPLAY_ORIENTATION
        return False if kind in _HEVC_KEPT_OUT and not turn else None

    def _spans(self, packet: memoryview) -> Iterator[tuple[int, int]]:
        """Start and end of each unit; an empty one where the packet is damaged."""
        if self._length:
            at = 0
            while at < len(packet):
                size = int.from_bytes(packet[at : at + self._length], "big")
                start = at + self._length
                at = start + size
                yield (start, at) if at <= len(packet) else (0, 0)
            return
        content = bytes(packet)
        at = content.find(b"\0\0\1")
        while at >= 0:
            following = content.find(b"\0\0\1", at + 3)
            yield at + 3, following if following >= 0 else len(content)
            at = following
