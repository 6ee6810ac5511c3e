"""Limits that a child process sets for itself, before it loads anything large."""

import os
import resource
from contextlib import suppress
from pathlib import Path
from typing import Final

NICEST: Final = 19
AWAITED: Final = 10
"""Of a child for which a person waits: it yields, but on a busy machine it comes to its turn."""
FIRST_TO_GO: Final = "1000"
"""What the kernel's killer is told, where memory runs out."""


def hold_back(*, memory_bytes: int, processor_s: int | None = None, niceness: int = NICEST) -> None:
    """Limit what this process may take: address space, and processor time where it is to end."""
    # NumPy's library would keep memory and a thread ready for every processor.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    limits = [(resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_CORE, 0)]
    if processor_s is not None:
        limits.append((resource.RLIMIT_CPU, processor_s))
    for kind, most in limits:
        hard = resource.getrlimit(kind)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (allowed, allowed))
    os.nice(niceness)
    with suppress(OSError):  # no Linux, or not ours to say
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO)
