"""The limits of the journal."""

from dataclasses import dataclass

_MIB = 1024 * 1024
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSettings:
    """Limits of time, memory and disk."""

    group_s: float = 4.0
    """Readings wait so long for others: with the write itself that stays below 5 seconds."""

    group_rows: int = 2_000
    """So many rows are written at once without waiting further."""

    flush_rows: int = 5_000
    """The most rows of one transaction, so that a safety event is not behind a long one."""

    buffer_rows: int = 20_000
    """The most rows that wait in memory while the disk does not answer."""

    timeout_s: float = 5.0
    start_timeout_s: float = 2.0
    """An order waits no longer than this for its STARTED."""

    retry_first_s: float = 0.5
    retry_cap_s: float = 5.0
    upkeep_s: float = 300.0
    open_timeout_s: float = 60.0
    """Opening may have to take over what a power cut left in the log."""

    size_limit_bytes: int = 2 * 1024 * _MIB
    """Above it the oldest readings are thinned out; the file never exceeds 5/4 of it."""

    disk_floor_bytes: int = 128 * _MIB
    """With less free on the disk the file grows no more: SQLite needs room to delete, too."""

    keep_acked_s: int = 7 * _DAY_S
    """Counted in time of use: a wrong wall clock can't make it forget."""

    mark_every_s: int = 600
    step_rows: int = 5_000
    """Old rows are deleted in steps of so many."""
