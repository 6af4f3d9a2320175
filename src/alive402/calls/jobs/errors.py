"""The errors of a job, in addition to those of the call itself.

JobRefused
 ├── InvalidCallback     400   invalid_callback     X-Callback-Url cannot be called
 ├── UnknownJob          404   unknown_job          no job has this id, or it has expired
 ├── TooManyJobs         503   too_many_jobs        the job queue is full; nothing was reserved
 ├── TooManyListeners    503   too_many_listeners   too many event streams are open; read the job instead
 ├── JobCancelled        409   job_cancelled        the caller cancelled it
 └── Interrupted         503   interrupted          the process that worked on it ended
"""

from __future__ import annotations

from alive402.errors import CodedError


class JobRefused(CodedError):
    """A job is rejected or ends without an answer."""

    code = "bad_request"
    status = 400
    default = "The request cannot be read."


class InvalidCallback(JobRefused):
    """X-Callback-Url cannot be called."""

    code = "invalid_callback"
    default = "X-Callback-Url is not an http or https URL on the public internet. `details.reason` says why."


class UnknownJob(JobRefused):
    """No job has this id."""

    code = "unknown_job"
    status = 404
    default = "No job has this id. A finished job is kept for a day."


class TooManyJobs(JobRefused):
    """The job queue is full."""

    code = "too_many_jobs"
    status = 503
    retry_after = 5
    default = "The job queue is full. Send the same request again soon; do not sign again."


class TooManyListeners(JobRefused):
    """Too many event streams are open."""

    code = "too_many_listeners"
    status = 503
    retry_after = 5
    default = "Too many event streams are open. Read the job itself instead."


class JobCancelled(JobRefused):
    """The caller cancelled the job."""

    code = "job_cancelled"
    status = 409
    default = "The job was cancelled, and nothing was charged. The same payment may be used again."


class Interrupted(JobRefused):
    """The process that worked on the job ended."""

    code = "interrupted"
    status = 503
    retry_after = 5
    default = "The job was interrupted, and nothing was charged. Send the same payment again; do not sign again."
