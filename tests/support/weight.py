"""What Linux tells of the memory of processes; it imports next to nothing, to weigh as little."""

from pathlib import Path


def resident_mb(pid: int) -> float:
    """Return how much memory of a process is in RAM, in MiB."""
    return _memory_mb(pid, "VmRSS")


def peak_mb(pid: int) -> float:
    """Return the most memory that a process has had in RAM, in MiB.

    What `getrusage` tells begins with what the process took that started it.
    """
    return _memory_mb(pid, "VmHWM")


def _memory_mb(pid: int, kind: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)
