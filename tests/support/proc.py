"""What Linux tells of processes: who started whom, how large they are, whether they still run."""

import os
from dataclasses import dataclass
from pathlib import Path

from tokkatot.cloud.platform.process import start_mark


@dataclass(frozen=True, slots=True)
class Seen:
    """A process as it was seen once; the mark tells it from a later one of the same number."""

    pid: int
    mark: str
    command: str

    @property
    def runs(self) -> bool:
        """Tell whether it is still there."""
        return start_mark(self.pid) == self.mark


def seen(pid: int) -> Seen | None:
    """Return a process that runs now."""
    mark = start_mark(pid)
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    command = b" ".join(words).decode(errors="replace").strip()
    return None if mark is None else Seen(pid, mark, command)


def descendants(pid: int) -> list[Seen]:
    """Return the children of a process and theirs."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[Seen] = []
    waiting = list(parents.get(pid, ()))
    while waiting:
        child = waiting.pop()
        process = seen(child)
        if process is not None:
            found.append(process)
        waiting += parents.get(child, ())
    return found


def processor_s(pid: int) -> float:
    """Return for how long a process and all that it has started have used the processor."""
    ticks = 0
    for one in (pid, *(child.pid for child in descendants(pid))):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
