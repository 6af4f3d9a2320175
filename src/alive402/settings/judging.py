"""Settings: what fetches and judges a file, and how much at once."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator


class Judging(BaseModel):
    """What fetches and judges a file, and how much at once."""

    allow_private_hosts: bool = Field(default=False, description="also fetch videos from the operator's own network")
    fetch_ports: frozenset[int] = frozenset({80, 443, 8000, 8080, 8443})
    max_video_bytes: int = Field(default=30_000_000, gt=0)
    fetch_seconds: float = Field(default=30.0, gt=0)
    analysis_seconds: float = Field(default=60.0, gt=0)
    analysis_memory_bytes: int = Field(default=4 * 1024**3, gt=0)
    provider: Literal["local", "cluster", "alibaba"] = Field(default="local", description="what judges videos")
    cluster_address: str = Field(default="auto", description="Ray cluster: host:6379, ray://host:10001, auto or local")
    cluster_least: int = Field(default=1, gt=0, description="processes kept warm on the cluster")
    cluster_most: int = Field(default=8, gt=0, description="most processes on the cluster, and calls judged at once")
    alibaba_access_key_id: str | None = None
    alibaba_access_key_secret: SecretStr | None = None
    alibaba_endpoint: str = "facebody.cn-shanghai.aliyuncs.com"
    alibaba_threshold: float = Field(default=0.5, ge=0, le=1, description="least LiveConfidence of a live verdict")
    threshold: float | None = Field(
        default=None, gt=0, lt=1, description="live confidence at which a verdict is live; by default the engine's"
    )
    analyses_at_once: int = Field(default=2, gt=0)
    queue: int | None = Field(default=None, ge=0, description="calls that wait; by default 8 for each judged at once")
    media_directory: Path | None = Field(default=None, description="folder of a video while it is judged")

    samples: bool = Field(default=True, description="make two sample clips for the site, once, from a download of 2 MB")

    @model_validator(mode="after")
    def _the_cloud_wants_a_key(self) -> Self:
        if self.provider == "alibaba" and not (self.alibaba_access_key_id and self.alibaba_access_key_secret):
            raise ValueError(
                "ALIVE402_PROVIDER=alibaba needs ALIVE402_ALIBABA_ACCESS_KEY_ID and ALIVE402_ALIBABA_ACCESS_KEY_SECRET."
            )
        return self
