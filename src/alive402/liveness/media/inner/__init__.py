"""Finds the inner picture: the part of a frame inside bars, borders, captions, ovals or a call's window."""

from __future__ import annotations

from alive402.liveness.media.inner.picture import InnerPicture, InnerPictureWatch, find

__all__ = ["InnerPicture", "InnerPictureWatch", "find"]
