"""Asynchronous calls: their rows in the database, and the runner that works on them."""

from __future__ import annotations

from alive402.calls.jobs import store
from alive402.calls.jobs.errors import InvalidCallback, TooManyJobs, TooManyListeners, UnknownJob
from alive402.calls.jobs.runner import JobLimits, JobRequest, JobRunner
from alive402.calls.jobs.store import JOBS_PATH, Job, JobState, open_jobs

__all__ = [
    "JOBS_PATH",
    "InvalidCallback",
    "Job",
    "JobLimits",
    "JobRequest",
    "JobRunner",
    "JobState",
    "TooManyJobs",
    "TooManyListeners",
    "UnknownJob",
    "open_jobs",
    "store",
]
