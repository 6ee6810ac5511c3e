"""Readings as PostgreSQL's binary COPY format wants them.

Source: PostgreSQL documentation, COPY, "Binary Format"; a timestamptz is microseconds since
2000-01-01 UTC, all numbers big-endian.
"""

import struct

HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack("!ii", 0, 0)
TRAILER = struct.pack("!h", -1)
EPOCH_2000_MS = 946_684_800_000

COPY_SQL = "COPY readings (t, value, series_id, quality) FROM STDIN (FORMAT BINARY)"

_tuple = struct.Struct("!hiqidiiih")


def pack(series_id: int, t_ms: int, value: float, quality: int) -> bytes:
    """Return one row: the number of fields, then each field after its length."""
    return _tuple.pack(4, 8, (t_ms - EPOCH_2000_MS) * 1000, 8, value, 4, series_id, 2, quality)
