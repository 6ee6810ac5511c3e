"""Open blocks of readings as PostgreSQL's binary COPY format wants them.

Source: PostgreSQL documentation, COPY, "Binary Format"; a timestamptz is microseconds since
2000-01-01 UTC, all numbers big-endian.
"""

import struct

HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack("!ii", 0, 0)
TRAILER = struct.pack("!h", -1)
EPOCH_2000_MS = 946_684_800_000

COPY_SQL = "COPY open_readings (t, series_id, n, body) FROM STDIN (FORMAT BINARY)"

_tuple = struct.Struct("!hiqiiiii")


def row(series_id: int, first_ms: int, count: int, body: bytes) -> bytes:
    """Return one row: the number of fields, then each field after its length."""
    t_us = (first_ms - EPOCH_2000_MS) * 1000
    return _tuple.pack(4, 8, t_us, 4, series_id, 4, count, len(body)) + body
