"""The picture inside the picture: what bars, borders, captions, ovals or a call's window leave of a frame."""

from __future__ import annotations

from alive402.liveness.media.inner.picture import InnerPicture, InnerPictureWatch, find

__all__ = ["InnerPicture", "InnerPictureWatch", "find"]
