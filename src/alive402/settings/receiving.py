"""Settings: uploads and jobs."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Receiving(BaseModel):
    """Uploads and jobs."""

    uploads_max_bytes: int = Field(default=1_000_000_000, gt=0, description="of all waiting uploads together")
    uploads_per_payer: int = Field(default=3, gt=0, description="uploads of one payer that wait at once")
    upload_host: str | None = Field(
        default=None,
        pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?(:[0-9]{1,5})?$",
        description="Alibaba's SDK uploads files to alive402.<this> by HTTPS",
    )
    upload_seconds: float = Field(default=600.0, gt=0, description="how long an upload is kept before it is deleted")
    upload_receive_seconds: float = Field(default=120.0, gt=0, description="longest time to receive an upload")
    jobs_waiting: int = Field(default=100, gt=0, description="most waiting jobs (asynchronous calls) in one process")
    job_seconds: float = Field(default=86_400.0, gt=0, description="how long the result of a finished job is kept")
