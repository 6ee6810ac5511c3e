"""What makes a job fail before its program is asked."""

from tokkatot.cloud.jobs.reasons import Reason
from tokkatot.cloud.platform.problems import Conflict


class Unanswerable(Conflict):
    """A job that can't be done with what there is; its text says why in English."""

    def __init__(self, detail: str, reason: Reason) -> None:
        """Take the words, and what they say as a code."""
        super().__init__("conflict", detail)
        self.reason = reason
