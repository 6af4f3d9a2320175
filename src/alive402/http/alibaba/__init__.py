"""The API of Alibaba Cloud's SDKs: RPC, signatures, errors, object upload."""

from __future__ import annotations

from alive402.http.alibaba import rpc

__all__ = ["rpc"]
