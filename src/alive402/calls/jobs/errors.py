"""Every way in which a job is refused or ends without an answer, beside those of the call itself.

JobRefused
 ├── InvalidCallback     400   invalid_callback     X-Callback-Url cannot be told anything
 ├── UnknownJob          404   unknown_job          no job has this id, or it is long over
 ├── TooManyJobs         503   too_many_jobs        as many wait as may; nothing was held
 ├── TooManyListeners    503   too_many_listeners   as many listen as may; ask for the state instead
 ├── JobCancelled        409   job_cancelled        its caller stopped it
 └── Interrupted         503   interrupted          the process that worked on it ended
"""

from __future__ import annotations

from alive402.errors import CodedError


class JobRefused(CodedError):
    """A job is refused or ends without an answer."""

    code = "bad_request"
    status = 400
    default = "The request cannot be read."


class InvalidCallback(JobRefused):
    """X-Callback-Url cannot be told anything."""

    code = "invalid_callback"
    default = "X-Callback-Url is not an http or https URL on the public internet. `details.reason` says why."


class UnknownJob(JobRefused):
    """No job has this id."""

    code = "unknown_job"
    status = 404
    default = "There is no such job. It is kept for a day after it is finished."


class TooManyJobs(JobRefused):
    """As many wait as may."""

    code = "too_many_jobs"
    status = 503
    retry_after = 5
    default = "Too many jobs wait at the moment. Send the same request again soon; do not sign again."


class TooManyListeners(JobRefused):
    """As many listen as may."""

    code = "too_many_listeners"
    status = 503
    retry_after = 5
    default = "Too many listen at the moment. Ask for the job itself instead."


class JobCancelled(JobRefused):
    """Its caller stopped it."""

    code = "job_cancelled"
    status = 409
    default = "The job was cancelled, and nothing was charged. The same payment may be used again."


class Interrupted(JobRefused):
    """The process that worked on it ended."""

    code = "interrupted"
    status = 503
    retry_after = 5
    default = "The job was interrupted, and nothing was charged. Send the same payment again; do not sign again."
